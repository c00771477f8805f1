/* conf.h: a YAML file read into structs, driven by tables of keys.
 *
 *     static const struct conf_key keys[] = {
 *         {CONF_AT_TEXT(struct server, listen), .name = "listen", .fallback = "127.0.0.1:8080",
 *          .help = "Address to listen on."},
 *         {.name = NULL}};
 *     struct conf *conf = conf_new("server.yaml");
 *     rc = conf_read(conf, keys, &server, err);      what the table says
 *     if (...) conf_fault(conf, &server.listen, "is taken");    what only the caller can know
 *     rc = conf_end(conf, report, context, err);     every fault, in the order of the file
 *
 * Owns:    a struct conf owns every text, list and element that it wrote, until conf_free.
 * Rules:   unknown and repeated keys are faults; an absent key gets its fallback; ${...} is
 * replaced in values only (conf_expand.h). Nothing is converted by guess: yes is no boolean.
 * Errors:  faults are collected, not returned one by one; conf_end gives RC_REJECT if there are
 * any. A fault is one line "file:line:column: path.to.key: fact; what was expected". A value is
 * quoted as it stands in the file (so never what ${...} gave), and never that of a secret.
 * Threads: one owner; the results are constant after conf_end. */
#ifndef SLUICE_LIB_CONF_H
#define SLUICE_LIB_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

/* C type of the field at "offset": */
enum conf_type {
    CONF_TEXT,        /* const char *; NULL = absent, without fallback */
    CONF_SECRET,      /* the same; never shown, never empty */
    CONF_CHOICE,      /* the same; one of "words" */
    CONF_BOOL,        /* bool */
    CONF_INT,         /* int64_t within least..most */
    CONF_SIZE,        /* int64_t bytes within least..most */
    CONF_DURATION,    /* int64_t milliseconds within least..most */
    CONF_TEXT_LIST,   /* struct conf_texts */
    CONF_SECRET_LIST, /* the same */
    CONF_SECRET_MAP,  /* struct conf_pairs: any keys, values as they are */
    CONF_TABLE,       /* the struct that "keys" describe */
    CONF_TABLE_LIST   /* struct conf_list of such structs */
};

struct conf_texts {
    const char *const *v;
    size_t n;
};

struct conf_pair {
    const char *name;
    const char *value;
};

struct conf_pairs {
    const struct conf_pair *v;
    size_t n;
};

struct conf_list {
    void *v;
    size_t n;
};

struct conf_key {
    const char *name; /* NULL ends a table */
    enum conf_type type;
    size_t offset;
    bool required;
    bool optional; /* a section: absent, it stays zero, and its required keys are not missed */
    const char *fallback; /* as it would be written in the file; NULL = the field stays zero */
    int64_t least, most;
    const char *const *words; /* CHOICE: NULL-terminated */
    const char
        *pattern; /* TEXT, TEXT_LIST: extended regular expression, with "expected" in words */
    const char *expected;
    const struct conf_key *keys;         /* TABLE, TABLE_LIST */
    size_t element_bytes;                /* TABLE_LIST */
    const struct conf_variant *variants; /* CHOICE: further keys of the same section, by word */
    const char *help;
};

struct conf_variant {
    const char *word; /* NULL ends the list */
    const struct conf_key *keys;
};

/* offsetof that does not compile if the field has another type. */
#define CONF_OFFSET(S, f, T) (offsetof(S, f) + 0 * sizeof(char[_Generic(((S *)0)->f, T : 1)]))
#define CONF_AT_TEXT(S, f) .type = CONF_TEXT, .offset = CONF_OFFSET(S, f, const char *)
#define CONF_AT_SECRET(S, f) .type = CONF_SECRET, .offset = CONF_OFFSET(S, f, const char *)
#define CONF_AT_CHOICE(S, f) .type = CONF_CHOICE, .offset = CONF_OFFSET(S, f, const char *)
#define CONF_AT_BOOL(S, f) .type = CONF_BOOL, .offset = CONF_OFFSET(S, f, bool)
#define CONF_AT_INT(S, f) .type = CONF_INT, .offset = CONF_OFFSET(S, f, int64_t)
#define CONF_AT_SIZE(S, f) .type = CONF_SIZE, .offset = CONF_OFFSET(S, f, int64_t)
#define CONF_AT_DURATION(S, f) .type = CONF_DURATION, .offset = CONF_OFFSET(S, f, int64_t)
#define CONF_AT_TEXT_LIST(S, f)                                                                    \
    .type = CONF_TEXT_LIST, .offset = CONF_OFFSET(S, f, struct conf_texts)
#define CONF_AT_SECRET_LIST(S, f)                                                                  \
    .type = CONF_SECRET_LIST, .offset = CONF_OFFSET(S, f, struct conf_texts)
#define CONF_AT_SECRET_MAP(S, f)                                                                   \
    .type = CONF_SECRET_MAP, .offset = CONF_OFFSET(S, f, struct conf_pairs)
#define CONF_AT_TABLE(S, f, table) .type = CONF_TABLE, .offset = offsetof(S, f), .keys = (table)
#define CONF_AT_TABLE_LIST(S, f, table, element)                                                   \
    .type = CONF_TABLE_LIST, .offset = CONF_OFFSET(S, f, struct conf_list), .keys = (table),       \
    .element_bytes = sizeof(element)

struct conf;

typedef void conf_report_fn(void *context, const char *message);

struct conf *conf_new(const char *path); /* of the file; borrowed */
void conf_free(struct conf **conf);

/* For what the caller derives from the file: lives as long as conf. */
struct arena *conf_arena(struct conf *conf);

/* Reads the file into *out, which must be zeroed. RC_REJECT: the file cannot be read at all.
 * Faults within it give RC_OK here; then some fields may be left zero. */
enum rc conf_read(struct conf *conf, const struct conf_key *keys, void *out,
                  struct err *err) MUST_USE;
/* The same for a text that stands for the file's contents. */
void conf_read_text(struct conf *conf, struct str yaml, const struct conf_key *keys, void *out);

/* Adds a fault at the place where the field got its value. field: address within *out or an element
 * of one of its lists. */
void conf_fault(struct conf *conf, const void *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Text of a message at the field's place, in conf's arena: for what is no fault. */
const char *conf_note(struct conf *conf, const void *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reports every fault. RC_REJECT: there were faults; err counts them. */
enum rc conf_end(struct conf *conf, conf_report_fn *report, void *context,
                 struct err *err) MUST_USE;

/* The keys as Markdown tables, one per section. */
void conf_print_reference(FILE *out, const struct conf_key *keys);

#endif
