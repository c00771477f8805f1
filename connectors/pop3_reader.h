/* pop3_reader.h: the multi-line answer of a POP3 server, undone of its dots.
 *
 * Owns:    what was read, until pop3_reader_begin.
 * Bounds:  as much as max_bytes, and a byte more to show that there was more; the rest is counted.
 *          The result never depends on how the bytes were cut.
 * Threads: one owner.
 * Source:  RFC 1939 3. */
#ifndef SLUICE_CONNECTORS_POP3_READER_H
#define SLUICE_CONNECTORS_POP3_READER_H

#include <stdint.h>

#include "lib/buf.h"

struct pop3_reader {
    struct buf text;
    uint64_t bytes; /* of the whole answer; more than text.n when it is too large */
    enum { POP3_AT_LINE_START, POP3_AFTER_DOT, POP3_AFTER_DOT_CR, POP3_IN_LINE } at;
};

void pop3_reader_init(struct pop3_reader *reader, size_t max_bytes);
void pop3_reader_done(struct pop3_reader *reader);
void pop3_reader_begin(struct pop3_reader *reader);
/* Takes bytes up to the line of one dot; true: that was there. */
bool pop3_reader_feed(struct pop3_reader *reader, struct str bytes, size_t *taken_out);

#endif
