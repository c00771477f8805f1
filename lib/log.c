#include "lib/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/limits.h"

#define PAUSE_US (5 * US_PER_SECOND)
#define END_BYTES 32 /* kept free of fields, for what ends a line */

static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* The log level and role are the program's one mutable global beside the stop flag (STYLE 2). */
static enum log_level level_shown = LOG_LEVEL_INFO;
static const char *role_shown;

void log_init(const char *role)
{
    role_shown = role;
    const char *wanted = getenv("SLUICE_LOG");
    for (size_t i = 0; wanted != NULL && i < sizeof level_names / sizeof *level_names; i++)
        if (strcmp(wanted, level_names[i]) == 0)
            level_shown = (enum log_level)i;
}

bool log_enabled(enum log_level level)
{
    return level >= level_shown;
}

static bool needs_quotes(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f)
            return true;
    }
    return s.n == 0;
}

static void add_value(struct buf *line, struct str s)
{
    if (!needs_quotes(s)) {
        (void)buf_add_str(line, s);
        return;
    }
    (void)buf_add(line, "\"", 1);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            (void)buf_printf(line, "\\%c", c);
        else if (c == '\n')
            (void)buf_add(line, "\\n", 2);
        else if (c < ' ' || c == 0x7f)
            (void)buf_printf(line, "\\x%02x", c);
        else
            (void)buf_add(line, &c, 1);
    }
    (void)buf_add(line, "\"", 1);
}

/* False: the line has no room for it and stays as it was. */
static bool add_field(struct buf *line, const struct log_field *field)
{
    size_t before = line->n;
    (void)buf_printf(line, " %s=", field->key);
    if (field->type == LOG_FIELD_INT)
        (void)buf_printf(line, "%" PRId64, field->number);
    else
        add_value(line, str_is_null(field->text) ? STR_LIT("-") : field->text);
    if (!buf_is_full(line))
        return true;
    line->n = before;
    line->full = false;
    return false;
}

static void end_line(struct buf *line, int left_out)
{
    line->max = LIMIT_LOG_LINE_BYTES;
    if (left_out > 0)
        (void)buf_printf(line, " left_out=%d", left_out);
    (void)buf_add(line, "\n", 1);
}

void log_write(enum log_level level, const struct log_field *fields)
{
    if (!log_enabled(level))
        return;
    char now[CLOCK_TEXT_BYTES];
    clock_format(clock_now_us(), now);
    struct buf line;
    buf_init(&line, LIMIT_LOG_LINE_BYTES - END_BYTES);
    (void)buf_printf(&line, "ts=%s level=%s", now, level_names[level]);
    if (role_shown != NULL)
        (void)buf_printf(&line, " role=%s", role_shown);
    int left_out = 0;
    for (; fields->key != NULL; fields++)
        left_out += !add_field(&line, fields);
    end_line(&line, left_out);
    ssize_t written = write(STDERR_FILENO, line.p, line.n);
    (void)written; /* nowhere to report that the log cannot be written */
    buf_done(&line);
}

bool log_is_due(struct log_pause *pause, uint64_t *left_out_out)
{
    int_fast64_t now_us = clock_monotonic_us(), last_us = atomic_load(&pause->last_us);
    if ((last_us != 0 && now_us - last_us < PAUSE_US) ||
        !atomic_compare_exchange_strong(&pause->last_us, &last_us, now_us)) {
        atomic_fetch_add(&pause->left_out, 1);
        return false;
    }
    *left_out_out = atomic_exchange(&pause->left_out, 0);
    return true;
}
