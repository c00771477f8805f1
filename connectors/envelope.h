/* envelope.h: what every bus message of one connector carries: the headers of its records, and who
 * a dead letter belongs to.
 *
 * Owns:    the texts made of ids; names are borrowed from the configuration.
 * Threads: constant after envelope_init.
 * Source:  DESIGN 4 (headers, key), reference/ecosystem.md 2.3, 2.4. */
#ifndef SLUICE_CONNECTORS_ENVELOPE_H
#define SLUICE_CONNECTORS_ENVELOPE_H

#include "bus/deadletter.h"
#include "transform/normalizer.h"

#define ENVELOPE_RECORD_HEADERS 4

struct envelope {
    struct str tenant, connector;
    char tenant_id[UUID_TEXT_BYTES];
    char channel_id[UUID_TEXT_BYTES];
    struct bus_header record_headers[RECORD_KINDS][ENVELOPE_RECORD_HEADERS];
};

/* An encoded record: its text is found by place, since the buffer moves while it grows. */
struct envelope_record {
    size_t at;
    size_t n;
    enum record_kind kind;
    char key[UUID_TEXT_BYTES];
};

void envelope_init(struct envelope *envelope, const char *tenant, const struct uuid *tenant_id,
                   const char *connector, const struct uuid *channel_id);

/* Appends the record to text. RC_REJECT: it is larger than a record may be, or the buffer is full;
 * text is then as it was. */
enum rc envelope_encode(const struct record *record, struct buf *text,
                        struct envelope_record *encoded_out, struct err *err) MUST_USE;
/* Borrows from envelope, encoded and text; valid until text grows. */
struct bus_message envelope_message(const struct envelope *envelope,
                                    const struct envelope_record *encoded, const struct buf *text);

/* Fills the members that say whose it is. */
void envelope_letter(const struct envelope *envelope, struct deadletter *letter);
/* The stage at which an input was refused: "parse" or "normalize". */
struct str envelope_stage(enum reject_code code);

#endif
