#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/log.h"

/* What the call writes to standard error, without the time. */
#define CAPTURE(text, call)                                                                        \
    do {                                                                                           \
        int pipe_ends[2];                                                                          \
        assert_int_equal(pipe(pipe_ends), 0);                                                      \
        int before = dup(STDERR_FILENO);                                                           \
        assert_true(dup2(pipe_ends[1], STDERR_FILENO) >= 0);                                       \
        call;                                                                                      \
        assert_true(dup2(before, STDERR_FILENO) >= 0);                                             \
        (void)close(before);                                                                       \
        (void)close(pipe_ends[1]);                                                                 \
        ssize_t n = read(pipe_ends[0], text, sizeof text - 1);                                     \
        (void)close(pipe_ends[0]);                                                                 \
        text[n > 0 ? n : 0] = '\0';                                                                \
        if (n > 0) {                                                                               \
            assert_memory_equal(text, "ts=20", 5);                                                 \
            memmove(text, strchr(text, ' ') + 1, strlen(strchr(text, ' ')));                       \
        }                                                                                          \
    } while (0)

static void lines_are_quoted_where_needed(void **state)
{
    (void)state;
    char line[2048];
    (void)setenv("SLUICE_LOG", "info", 1);
    log_init("test");
    CAPTURE(line, LOG_INFO("two words", LOG_INT("n", -5), LOG_STR("plain", "a.b/c"),
                           LOG_STR("spaced", "a b"), LOG_STR("empty", ""), LOG_STR("none", NULL),
                           LOG_STRN("cut", ((struct str){"xyz", 2})),
                           LOG_STR("forged", "a\nlevel=error \"q\" \\ \x01")));
    assert_string_equal(
        line, "level=info role=test msg=\"two words\" n=-5 plain=a.b/c spaced=\"a b\" "
              "empty=\"\" none=- cut=xy forged=\"a\\nlevel=error \\\"q\\\" \\\\ \\x01\"\n");
}

static void levels_are_filtered(void **state)
{
    (void)state;
    static const struct {
        const char *wanted;
        enum log_level first;
    } cases[] = {{"debug", LOG_LEVEL_DEBUG},
                 {"warn", LOG_LEVEL_WARN},
                 {"error", LOG_LEVEL_ERROR},
                 {"info", LOG_LEVEL_INFO}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)setenv("SLUICE_LOG", cases[i].wanted, 1);
        log_init(NULL);
        for (int level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++)
            if (log_enabled((enum log_level)level) != (level >= (int)cases[i].first))
                fail_msg("case %zu, level %d", i, level);
    }
    char line[256];
    CAPTURE(line, LOG_DEBUG("quiet"));
    assert_string_equal(line, "");
    CAPTURE(line, LOG_ERROR("loud"));
    assert_string_equal(line, "level=error msg=loud\n");
}

static void a_line_has_a_maximum(void **state)
{
    (void)state;
    static char line[2 * LIMIT_LOG_LINE_BYTES], huge[LIMIT_LOG_LINE_BYTES + 1];
    memset(huge, 'x', sizeof huge - 1);
    CAPTURE(line, LOG_WARN("large", LOG_STR("huge", huge), LOG_INT("after", 1)));
    assert_string_equal(line, "level=warn msg=large after=1 left_out=1\n");
}

/* Whatever the length of a value, quoted or not: one line, its newline, no half of a value. */
static void a_line_that_is_nearly_full_still_ends(void **state)
{
    (void)state;
    static char line[2 * LIMIT_LOG_LINE_BYTES], value[LIMIT_LOG_LINE_BYTES + 1];
    for (size_t i = 0; i < 400; i++) {
        size_t bytes = LIMIT_LOG_LINE_BYTES - 200 + i / 2;
        memset(value, 'x', bytes);
        value[bytes / 2] = i % 2 == 0 ? 'x' : ' ';
        value[bytes] = '\0';
        CAPTURE(line, LOG_WARN("m", LOG_STR("a", value), LOG_INT("after", 1)));
        size_t length = strlen(line);
        bool whole = strstr(line, " a=") != NULL;
        const char *end = whole ? strstr(line, "xx after=1\n") : NULL;
        const char *quoted_end = whole ? strstr(line, "xx\" after=1\n") : NULL;
        if (length == 0 || strchr(line, '\n') != line + length - 1 ||
            length + 32 > LIMIT_LOG_LINE_BYTES ||
            (whole ? end == NULL && quoted_end == NULL && strstr(line, " left_out=1\n") == NULL
                   : strstr(line, "msg=m after=1 left_out=1\n") == NULL))
            fail_msg("case %zu, %zu bytes: ...%s", i, length,
                     length > 40 ? line + length - 40 : line);
    }
}

static void what_strangers_cause_is_logged_now_and_then(void **state)
{
    (void)state;
    struct log_pause pause = {0};
    uint64_t left_out = 99;
    assert_true(log_is_due(&pause, &left_out));
    assert_int_equal(left_out, 0);
    for (int i = 0; i < 3; i++)
        assert_false(log_is_due(&pause, &left_out));
    pause.last_us -= 6 * US_PER_SECOND;
    assert_true(log_is_due(&pause, &left_out));
    assert_int_equal(left_out, 3);
    assert_false(log_is_due(&pause, &left_out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_quoted_where_needed),
        cmocka_unit_test(levels_are_filtered),
        cmocka_unit_test(a_line_has_a_maximum),
        cmocka_unit_test(a_line_that_is_nearly_full_still_ends),
        cmocka_unit_test(what_strangers_cause_is_logged_now_and_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
