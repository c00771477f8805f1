/* generate_telegram_export: an export of Telegram Desktop of about so many bytes, to stdout.
 *
 *     generate_telegram_export 2000000000 > result.json */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/telegram_export.h"
#include "lib/limits.h"

#define PIECE_BYTES (1 * MIB)

static bool write_out(struct buf *piece, uint64_t *written)
{
    bool is_written = fwrite(piece->p, 1, piece->n, stdout) == piece->n;
    *written += piece->n;
    buf_reset(piece);
    return is_written;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    uint64_t wanted = argc == 2 ? strtoull(argv[1], &end, 10) : 0;
    if (wanted == 0 || *end != '\0') {
        (void)fputs("usage: generate_telegram_export BYTES\n", stderr);
        return 2;
    }
    struct buf piece;
    uint64_t written = 0;
    bool is_good = true;
    buf_init(&piece, 2 * PIECE_BYTES);
    telegram_export_begin(&piece);
    for (size_t number = 0; is_good && written + piece.n < wanted; number++) {
        telegram_export_add(&piece, number);
        if (piece.n >= PIECE_BYTES)
            is_good = write_out(&piece, &written);
    }
    telegram_export_end(&piece);
    is_good = is_good && write_out(&piece, &written) && fflush(stdout) == 0;
    buf_done(&piece);
    if (!is_good)
        perror("generate_telegram_export");
    return !is_good;
}
