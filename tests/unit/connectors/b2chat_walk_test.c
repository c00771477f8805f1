/* Paging, by a list that the test changes between pages. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "connectors/b2chat_walk.h"

#define ROWS 400

struct list {
    char ids[ROWS][12];
    size_t count;
    bool was_read[10000]; /* by id */
};

static void add(struct list *list, size_t at, int id)
{
    memmove(list->ids[at + 1], list->ids[at], (list->count - at) * sizeof list->ids[0]);
    (void)snprintf(list->ids[at], sizeof list->ids[0], "%d", id);
    list->count++;
}

static void take_away(struct list *list, size_t at)
{
    memmove(list->ids[at], list->ids[at + 1], (list->count - at - 1) * sizeof list->ids[0]);
    list->count--;
}

static void make(struct list *list, int count)
{
    memset(list, 0, sizeof *list);
    for (int id = 0; id < count; id++)
        add(list, list->count, id);
}

static struct b2chat_page page_of(struct list *list, int64_t offset, int64_t limit,
                                  struct str ids[static ROWS])
{
    struct b2chat_page page = {.ids = ids, .total = (int64_t)list->count};
    for (size_t i = (size_t)offset; i < list->count && page.count < (size_t)limit; i++) {
        ids[page.count++] = str_of(list->ids[i]);
        list->was_read[strtol(list->ids[i], NULL, 10)] = true;
    }
    return page;
}

/* Before each page, with its number. */
typedef void change_fn(struct list *list, int page);

static int walk_through(struct list *list, struct b2chat_walk *walk, bool is_settled, int64_t limit,
                        change_fn *change)
{
    struct str ids[ROWS];
    int pages = 0;
    enum b2chat_step step;
    b2chat_walk_begin(walk, is_settled);
    do {
        if (change != NULL)
            change(list, pages);
        struct b2chat_page page = page_of(list, walk->offset, limit, ids);
        step = b2chat_walk_take(walk, &page, limit);
        pages++;
        assert_true(pages < 200);
    } while (step == B2CHAT_MORE);
    return pages;
}

static void assert_read_whole(const struct list *list, const struct b2chat_walk *walk)
{
    assert_false(walk->is_unsteady);
    for (size_t i = 0; i < list->count; i++)
        assert_true(list->was_read[strtol(list->ids[i], NULL, 10)]);
}

static void lists_of_every_length_are_read(void **state)
{
    (void)state;
    struct list list;
    struct b2chat_walk walk;
    for (int count = 0; count < 120; count++)
        for (int64_t limit = 1; limit <= 50; limit += 7) {
            make(&list, count);
            (void)walk_through(&list, &walk, true, limit, NULL);
            assert_read_whole(&list, &walk);
            assert_int_equal(walk.seen, count);
            assert_int_equal(walk.repeats, 0);
        }
}

static void a_full_last_page_needs_one_more(void **state)
{
    (void)state;
    struct list list;
    struct b2chat_walk walk;
    make(&list, 25);
    assert_int_equal(walk_through(&list, &walk, true, 25, NULL), 2);
    make(&list, 24);
    assert_int_equal(walk_through(&list, &walk, true, 25, NULL), 1);
}

static void remove_at_second(struct list *list, int page)
{
    if (page == 1)
        take_away(list, 3);
}

static void rows_that_move_up_are_not_missed(void **state)
{
    (void)state;
    struct list list;
    struct b2chat_walk walk;
    for (int settled = 0; settled < 2; settled++) {
        make(&list, 100);
        (void)walk_through(&list, &walk, settled != 0, 30, remove_at_second);
        assert_read_whole(&list, &walk);
        assert_int_equal(walk.repeats, 1);
    }
}

static void insert_at_second(struct list *list, int page)
{
    if (page == 1)
        add(list, 3, 5000);
}

static void rows_that_appear_before_the_place_are_found(void **state)
{
    (void)state;
    struct list list;
    struct b2chat_walk walk;
    make(&list, 100);
    (void)walk_through(&list, &walk, true, 30, insert_at_second);
    assert_read_whole(&list, &walk);
    assert_true(list.was_read[5000]);
}

static void append_at_last(struct list *list, int page)
{
    if (page == 3)
        add(list, list->count, 6000);
}

/* Today grows at its end by nature; a day that is over does not. */
static void growth_at_the_end_is_no_change_of_today(void **state)
{
    (void)state;
    struct list list;
    struct b2chat_walk walk;
    make(&list, 80);
    (void)walk_through(&list, &walk, false, 30, append_at_last);
    assert_int_equal(walk.repeats, 0);
    make(&list, 80);
    (void)walk_through(&list, &walk, true, 30, append_at_last);
    assert_int_equal(walk.repeats, 1);
    assert_read_whole(&list, &walk);
}

static void shuffle_always(struct list *list, int page)
{
    take_away(list, 0);
    add(list, 0, 7000 + page);
    add(list, 1, 8000 + page);
}

static void what_never_stands_still_is_taken_as_it_is(void **state)
{
    (void)state;
    struct list list;
    struct b2chat_walk walk;
    make(&list, 100);
    (void)walk_through(&list, &walk, true, 30, shuffle_always);
    assert_true(walk.is_unsteady);
    assert_int_equal(walk.repeats, B2CHAT_REPEATS + 1);
}

/* A server that says that there are more rows than it gives. */
static void a_total_that_is_never_reached_ends_too(void **state)
{
    (void)state;
    struct b2chat_walk walk;
    const struct str ids[] = {STR_LIT("a"), STR_LIT("b")};
    const struct b2chat_page page = {ids, 2, 5};
    b2chat_walk_begin(&walk, true);
    for (int i = 0; i < B2CHAT_REPEATS; i++)
        assert_int_equal(b2chat_walk_take(&walk, &page, 25), B2CHAT_MORE);
    assert_int_equal(b2chat_walk_take(&walk, &page, 25), B2CHAT_DONE);
    assert_true(walk.is_unsteady);
}

static void an_empty_page_in_the_middle_is_no_end(void **state)
{
    (void)state;
    struct b2chat_walk walk;
    struct str ids[30];
    for (size_t i = 0; i < 30; i++)
        ids[i] = STR_LIT("x");
    const struct b2chat_page full = {ids, 30, 50}, empty = {ids, 0, 50};
    b2chat_walk_begin(&walk, false);
    assert_int_equal(b2chat_walk_take(&walk, &full, 30), B2CHAT_MORE);
    assert_int_equal(walk.offset, 20);
    assert_int_equal(b2chat_walk_take(&walk, &empty, 30), B2CHAT_MORE);
    assert_int_equal(walk.offset, 0);
}

static void rows_without_an_id_and_totals_that_are_not_said(void **state)
{
    (void)state;
    struct b2chat_walk walk;
    const struct str ids[] = {STR_LIT(""), STR_LIT("")};
    const struct b2chat_page page = {ids, 2, -1};
    b2chat_walk_begin(&walk, true);
    assert_int_equal(b2chat_walk_take(&walk, &page, 25), B2CHAT_DONE);
    assert_false(walk.is_unsteady);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_every_length_are_read),
        cmocka_unit_test(a_full_last_page_needs_one_more),
        cmocka_unit_test(rows_that_move_up_are_not_missed),
        cmocka_unit_test(rows_that_appear_before_the_place_are_found),
        cmocka_unit_test(growth_at_the_end_is_no_change_of_today),
        cmocka_unit_test(what_never_stands_still_is_taken_as_it_is),
        cmocka_unit_test(a_total_that_is_never_reached_ends_too),
        cmocka_unit_test(an_empty_page_in_the_middle_is_no_end),
        cmocka_unit_test(rows_without_an_id_and_totals_that_are_not_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
