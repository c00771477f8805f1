/* log.h: one line per event on stderr, logfmt: time, level, msg, then typed fields.
 *
 *     LOG_INFO("batch stored", LOG_INT("records", n));
 *     ts=2026-03-01T12:00:00.000000Z level=info role=load msg="batch stored" records=500
 *
 * Level:   SLUICE_LOG = debug | info (default) | warn | error.
 * Bounded: a line has at most LIMIT_LOG_LINE_BYTES; a field without room is left out and counted.
 * Safety:  values are quoted and control characters escaped; never give it a secret, a
 * message body, a phone number or a mail address above debug.
 * Threads: safe; one write(2) per line.
 * Library code below cli, connectors, loaders and pipelines returns errors and logs nothing above
 * debug. */
#ifndef SLUICE_LIB_LOG_H
#define SLUICE_LIB_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_field {
    const char *key; /* NULL ends the list */
    enum { LOG_FIELD_STR, LOG_FIELD_INT } type;
    struct str text;
    int64_t number;
};

#define LOG_STR(key, value) ((struct log_field){(key), LOG_FIELD_STR, str_of(value), 0})
#define LOG_STRN(key, value) ((struct log_field){(key), LOG_FIELD_STR, (value), 0})
#define LOG_INT(key, value) ((struct log_field){(key), LOG_FIELD_INT, STR_NULL, (int64_t)(value)})

/* The message is the first field, so that the list is never empty. */
#define LOG_AT(level, message, ...)                                                                \
    log_write((level), (const struct log_field[]){LOG_STR("msg", message),                         \
                                                  ##__VA_ARGS__,                                   \
                                                  {NULL, LOG_FIELD_STR, STR_NULL, 0}})
#define LOG_DEBUG(message, ...) LOG_AT(LOG_LEVEL_DEBUG, message, ##__VA_ARGS__)
#define LOG_INFO(message, ...) LOG_AT(LOG_LEVEL_INFO, message, ##__VA_ARGS__)
#define LOG_WARN(message, ...) LOG_AT(LOG_LEVEL_WARN, message, ##__VA_ARGS__)
#define LOG_ERROR(message, ...) LOG_AT(LOG_LEVEL_ERROR, message, ##__VA_ARGS__)

/* Reads SLUICE_LOG; role (a literal, or NULL) is put on every line. Call once, before threads
 * start. */
void log_init(const char *role);
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const struct log_field *fields);

/* For what a stranger can cause at any rate: whether 5 s have passed since the last line of this
 * kind. left_out_out: how many were not logged in between. */
struct log_pause { /* static, zeroed */
    atomic_int_fast64_t last_us;
    atomic_uint_fast64_t left_out;
};
bool log_is_due(struct log_pause *pause, uint64_t *left_out_out);

#endif
