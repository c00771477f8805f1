/* conf_session.h: what the parts of conf share: the file being read, its places, its faults. Not
 * for others.
 *
 * Owns:    everything in the session's arena.
 * Threads: one owner. */
#ifndef SLUICE_LIB_CONF_SESSION_H
#define SLUICE_LIB_CONF_SESSION_H

#include "lib/conf.h"
#include "lib/conf_faults.h"
#include "lib/conf_tree.h"

struct conf_place { /* where something stands, or would have to stand */
    struct conf_mark at;
    const char *path; /* "tenants[0].slug"; NULL = the whole file */
};

struct conf_field { /* what conf_fault looks up */
    const void *address;
    struct conf_place place;
    struct conf_field *next;
};

struct conf {
    const char *file;
    const char *folder; /* of the file: relative ${file:} paths start here */
    struct arena *arena;
    struct conf_faults faults;
    struct conf_field *fields;
};

__attribute__((format(printf, 3, 4))) void conf_fault_at(struct conf *conf, struct conf_place place,
                                                         const char *format, ...);
void conf_remember(struct conf *conf, const void *field, struct conf_place place);

struct conf_place conf_member_place(struct conf *conf, struct conf_place section,
                                    const struct conf_node *value);
struct conf_place conf_missing_place(struct conf *conf, struct conf_place section,
                                     const char *name);
struct conf_place conf_element_place(struct conf *conf, struct conf_place list,
                                     const struct conf_node *element, size_t index);

/* Zeroed; NULL after a fault that the file is too large. */
void *conf_allocate(struct conf *conf, struct conf_place place, size_t count, size_t size);

/* ---- conf_scalar.c ---- */

/* "one of a, b or c", "a size of 1KiB to 64MiB": what a value of the key looks like. */
#define CONF_EXPECTED_BYTES 256
void conf_expected(const struct conf_key *key, char text[static CONF_EXPECTED_BYTES]);

/* Fault: expected ..., found ... */
void conf_unexpected(struct conf *conf, struct conf_place place, const struct conf_key *key,
                     const struct conf_node *node);

/* The scalar with ${...} replaced; NULL after a fault. key says what was expected instead. */
const char *conf_text(struct conf *conf, struct conf_place place, const struct conf_key *key,
                      const struct conf_node *node);
/* Converts a scalar and stores it at *to; false after a fault. */
bool conf_store_scalar(struct conf *conf, struct conf_place place, const struct conf_key *key,
                       const struct conf_node *node, void *to);
/* The same for the key's fallback, which must be valid. */
void conf_store_fallback(const struct conf_key *key, void *to);

#endif
