#include "transform/b2chat/key.h"

#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/hex.h"
#include "lib/limits.h"

#define SEPARATOR "\x1f"
#define HASHED_BYTES 8

/* CRLF and CR become LF; blanks and newlines at the end go. */
static void add_normal(struct buf *to, struct str text, bool is_link)
{
    size_t start = to->n;
    while (text.n > 0) {
        const char *found = memchr(text.p, '\r', text.n);
        size_t n = found != NULL ? (size_t)(found - text.p) : text.n;
        (void)buf_add(to, text.p, n);
        if (found != NULL && (n + 1 == text.n || found[1] != '\n'))
            (void)buf_add(to, "\n", 1);
        n += found != NULL;
        text = (struct str){text.p + n, text.n - n};
    }
    while (to->n > start && memchr(" \t\n", to->p[to->n - 1], 3) != NULL)
        to->n--;
    for (size_t i = start; is_link && i < to->n; i++)
        if (to->p[i] == '?' || to->p[i] == '#')
            to->n = i;
}

bool b2_key_hash(const struct b2_key *key, char hash_out[static B2_HASH_BYTES])
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    struct buf text;
    buf_init(&text, LIMIT_RECORD_BYTES);
    (void)buf_add_str(&text, key->local);
    (void)buf_add_text(&text, key->is_incoming ? SEPARATOR "1" SEPARATOR : SEPARATOR "0" SEPARATOR);
    (void)buf_add_str(&text, key->type);
    (void)buf_add_text(&text, SEPARATOR);
    add_normal(&text, key->body, !key->is_text);
    (void)buf_add_text(&text, SEPARATOR);
    add_normal(&text, key->caption, false);
    (void)buf_add_text(&text, SEPARATOR);
    if (key->has_place)
        (void)buf_printf(&text, "%.6f,%.6f", key->lat, key->lon);
    digest_sha256(buf_peek(&text), digest);
    hex_encode(digest, HASHED_BYTES, hash_out);
    bool is_whole = !buf_is_full(&text);
    buf_done(&text);
    return is_whole;
}
