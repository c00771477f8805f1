#include "lib/file.h"

#include <errno.h>
#include <stdio.h>

#include "lib/buf.h"

#define PIECE_BYTES 4096

/* One byte beyond the limit is read, to tell "as large as allowed" from "larger". */
static bool read_pieces(FILE *file, struct buf *bytes)
{
    for (;;) {
        size_t room = bytes->max - bytes->n;
        size_t want = room < PIECE_BYTES ? room : PIECE_BYTES;
        if (want == 0)
            return true;
        char *to = buf_reserve(bytes, want);
        size_t n = fread(to, 1, want, file);
        bytes->n += n;
        if (n < want)
            return ferror(file) == 0;
    }
}

enum rc file_read(const char *path, size_t most_bytes, struct arena *arena, struct str *text_out,
                  struct err *err)
{
    enum rc rc = RC_OK;
    struct buf bytes;
    buf_init(&bytes, most_bytes + 1);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        rc = err_set(err, RC_REJECT, "cannot open \"%s\": %s", path, strerror(errno));
        goto out;
    }
    if (!read_pieces(file, &bytes)) {
        rc = err_set(err, RC_REJECT, "cannot read \"%s\": %s", path, strerror(errno));
        goto out;
    }
    if (bytes.n > most_bytes) {
        rc = err_set(err, RC_REJECT, "\"%s\" is larger than %zu bytes", path, most_bytes);
        goto out;
    }
    *text_out = arena_str(arena, buf_peek(&bytes));
    if (str_is_null(*text_out))
        rc = err_set(err, RC_REJECT, "\"%s\" does not fit into memory beside what was read before",
                     path);
out:
    if (file != NULL)
        (void)fclose(file);
    buf_done(&bytes);
    return rc;
}
