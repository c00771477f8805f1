#include "lib/clock.h"
#include "transform/email/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    const char *text, *expected; /* NULL: refused */
} cases[] = {
    {"Tue, 24 Feb 2026 10:00:00 -0500", "2026-02-24T15:00:00.000000Z"},
    {"24 Feb 2026 10:00 +0000", "2026-02-24T10:00:00.000000Z"},
    {"Tue,24 Feb 2026 10:00:00 +0000", "2026-02-24T10:00:00.000000Z"},
    {"Tue, 24 Feb 2026 10:00:00 GMT (comment (nested))", "2026-02-24T10:00:00.000000Z"},
    {"Tue, 24 Feb 2026 10:00:00 +0000 (never closed", "2026-02-24T10:00:00.000000Z"},
    {"(first) 24 Feb 26 10:00:00 EST", "2026-02-24T15:00:00.000000Z"},
    {"24 Feb 49 10:00:00 Z", "2049-02-24T10:00:00.000000Z"},
    {"24 Feb 50 10:00:00 Z", "1950-02-24T10:00:00.000000Z"},
    {"Tue Feb 24 10:00:00 2026", "2026-02-24T10:00:00.000000Z"},
    {"Tue Feb 24 13:32:08 +0000 2026", "2026-02-24T13:32:08.000000Z"},
    {"Feb 24 16:00:00 MET DST 2026", "2026-02-24T14:00:00.000000Z"},
    {" 4-Feb-2026 05:44:45 +0000", "2026-02-04T05:44:45.000000Z"},
    {"2026-02-24 10:00:00 +0000", "2026-02-24T10:00:00.000000Z"},
    {"2026-02-24T10:00:00.5+01:00", "2026-02-24T09:00:00.500000Z"},
    {"2026-02-24T10:00:00Z", "2026-02-24T10:00:00.000000Z"},
    {"Tue, 24 Feb 2026 10:00:60 +0000", "2026-02-24T10:00:59.000000Z"},
    {"Tue, 24 Feb 2026 10:00:00 +05:30", "2026-02-24T04:30:00.000000Z"},
    {"Tue, 24 Feb 2026 10:00:00 -03", "2026-02-24T13:00:00.000000Z"},
    {"Tue, 24 Feb 2026 10.00.00 +0000", "2026-02-24T10:00:00.000000Z"},
    {"Tue, 24 Feb 2026 10:00 PM", "2026-02-24T22:00:00.000000Z"},
    {"Tue, 24 Feb 2026 12:10 AM", "2026-02-24T00:10:00.000000Z"},
    {"Tue, 24 Feb 2026 12:10 PM", "2026-02-24T12:10:00.000000Z"},
    {"Tuesday, 24 February 2026 10:00:00 UT", "2026-02-24T10:00:00.000000Z"},
    {"24 Sept 2026 10:00:00 +0000", "2026-09-24T10:00:00.000000Z"},
    {"Tue, 24 Feb 2026 10:00:00 AM PM", NULL},
    {"Tue, 24 Feb 2026 00:10 PM", NULL},
    {"Tue, 24 Feb 2026 13:10 AM", NULL},
    {"lun, 1 ene 2026 10:00:00 +0000", NULL},
    {"Tue, 24 Feb 2026 24:00:00 +0000", NULL},
    {"Tue, 24 Feb 126 10:00:00 +0000", NULL},
    {"01/02/2026 10:00:00", NULL},
    {"Mon, 30 Feb 2026 10:00:00 +0000", NULL},
    {"24 Feb 2026", NULL},
    {"10:00:00 +0000", NULL},
    {"24 Feb Mar 2026 10:00:00", NULL},
    {"24 25 Feb 2026 10:00:00", NULL},
    {"24 Feb 2026 10:00:00 10:00:00", NULL},
    {"24 Feb 2026 10:00:00 +0000 +0000", NULL},
    {"24 Feb 2026 10:00:00 +9900", NULL},
    {"24 Feb 2026 10:00:00 +0", NULL},
    {"24 Feb 2026 10:00:00 nonsense", NULL},
    {"24 Feb 2026 10:61:00 +0000", NULL},
    {"99999999999999999999 Feb 2026 10:00:00", NULL},
    {"", NULL},
    {"(", NULL},
    {"-", NULL},
    {"+", NULL},
    {"2026-", NULL},
    {"2026-02-", NULL},
    {"2026-02-24T", NULL},
};

static void reads_dates_or_refuses_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t us = TIME_NONE;
        char text[CLOCK_TEXT_BYTES] = "refused";
        char *given = strdup(cases[i].text); /* its own block: nothing behind it may be read */
        if (email_date((struct str){given, strlen(given)}, &us))
            clock_format(us, text);
        const char *expected = cases[i].expected != NULL ? cases[i].expected : "refused";
        if (strcmp(text, expected) != 0)
            fail_msg("case %zu \"%s\": %s, expected %s", i, cases[i].text, text, expected);
        free(given);
    }
}

static void refuses_endless_text(void **state)
{
    (void)state;
    char text[1000];
    int64_t us;
    memset(text, ' ', sizeof text);
    memcpy(text, "Tue, 24 Feb 2026 10:00:00 +0000", 31);
    assert_false(email_date((struct str){text, sizeof text}, &us));
    assert_true(email_date((struct str){text, 100}, &us));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_dates_or_refuses_them),
        cmocka_unit_test(refuses_endless_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
