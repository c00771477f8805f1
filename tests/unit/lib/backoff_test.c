#include <cmocka.h>

#include "lib/backoff.h"

static int64_t longest(struct backoff *backoff, int tries)
{
    int64_t most = 0;
    for (int round = 0; round < 400; round++) {
        backoff->tries = tries;
        int64_t delay = backoff_next_ms(backoff);
        assert_in_range(delay, 0, backoff->most_ms);
        assert_int_equal(backoff->tries, tries + 1);
        most = delay > most ? delay : most;
    }
    return most;
}

static void the_bound_doubles_up_to_the_most(void **state)
{
    (void)state;
    struct backoff backoff = {.first_ms = 1000, .most_ms = 60000};
    const struct {
        int tries;
        int64_t bound;
    } cases[] = {{0, 1000}, {1, 2000}, {3, 8000}, {5, 32000}, {6, 60000}, {40, 60000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t found = longest(&backoff, cases[i].tries);
        assert_true(found <= cases[i].bound);
        assert_true(found > cases[i].bound / 2); /* 400 draws below half: 2^-400 */
    }
}

static void success_begins_anew(void **state)
{
    (void)state;
    struct backoff backoff = {.first_ms = 4, .most_ms = 1000, .tries = 9};
    backoff_succeeded(&backoff);
    assert_true(backoff_next_ms(&backoff) <= 4);
}

static void nothing_to_draw_from_is_zero(void **state)
{
    (void)state;
    assert_int_equal(backoff_jitter_ms(0), 0);
    assert_int_equal(backoff_jitter_ms(-5), 0);
    struct backoff none = {.first_ms = 0, .most_ms = 1000};
    assert_int_equal(backoff_next_ms(&none), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bound_doubles_up_to_the_most),
        cmocka_unit_test(success_begins_anew),
        cmocka_unit_test(nothing_to_draw_from_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
