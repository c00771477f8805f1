/* imap_reader.h: bytes of an IMAP connection to responses, one at a time.
 *
 * A response is a line, in which literals may stand: {n}, line end, n bytes, and the line goes on.
 * Literals become part of the response's text, save the one that is a mail ("BODY[] {n}"): it goes
 * to a place of its own. Where a server may send no literal, as in a status response, braces are
 * text.
 *
 * Owns:    the texts of the last response.
 * Bounds:  a response without its mail has at most LIMIT_IMAP_RESPONSE_BYTES; of a mail as much is
 *          kept as a mail may have, and a byte more to show that it has more; the rest is counted.
 * Errors:  RC_RETRY = this is no IMAP, or more than a response may have: close the connection.
 *          The result never depends on how the bytes were cut.
 * Threads: one owner.
 * Source:  reference/email.md 2.2, 2.3; RFC 3501 4.3, 7. */
#ifndef SLUICE_CONNECTORS_IMAP_READER_H
#define SLUICE_CONNECTORS_IMAP_READER_H

#include <stdint.h>

#include "lib/err.h"
#include "lib/str.h"

struct imap_reader;

/* A literal within the text: "{n}\n" and the n bytes; a mail leaves "{n}\n" and nothing. */
struct imap_response {
    struct str text;     /* without its line end */
    struct str mail;     /* STR_NULL: it holds none */
    uint64_t mail_bytes; /* as the server said; mail.n unless the mail is too large */
};

struct imap_reader *imap_reader_new(void);
void imap_reader_free(struct imap_reader **reader);

/* Takes bytes up to the end of a response. RC_OK: it is complete, response_out is valid until the
 * next call; RC_AGAIN: more bytes are needed. taken_out: how many were used. */
enum rc imap_reader_feed(struct imap_reader *reader, struct str bytes, size_t *taken_out,
                         struct imap_response *response_out, struct err *err) MUST_USE;

#endif
