#include "loaders/threads.h"

#include <stdlib.h>

#include <cmocka.h>

#define NODES 200

static struct uuid id_of(unsigned n)
{
    struct uuid id = {{0}};
    id.b[0] = (unsigned char)(n * 37); /* not in the order of n */
    id.b[14] = (unsigned char)(n >> 8);
    id.b[15] = (unsigned char)n;
    return id;
}

static void join(struct threads *threads, unsigned a, unsigned b)
{
    const struct uuid first = id_of(a), second = id_of(b);
    threads_join(threads, &first, &second);
}

static struct uuid representative_of(struct threads *threads, unsigned n)
{
    const struct uuid id = id_of(n);
    for (size_t i = 0; i < threads_count(threads); i++) {
        const struct uuid *representative;
        if (uuid_order(threads_id(threads, i), &id) == 0) {
            (void)threads_is_news(threads, i, &representative);
            return *representative;
        }
    }
    fail_msg("no node %u", n);
    return UUID_NULL;
}

/* The order of the pairs changes nothing, and a loop is no trouble. */
static void test_any_order(void **state)
{
    (void)state;
    unsigned order[NODES];
    srand(7);
    for (unsigned i = 0; i < NODES; i++)
        order[i] = i;
    for (int round = 0; round < 20; round++) {
        struct threads *threads = threads_new();
        for (size_t i = NODES - 1; i > 0; i--) {
            size_t j = (size_t)rand() % (i + 1);
            unsigned swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        for (size_t i = 0; i < NODES; i++) /* ten rings of twenty */
            join(threads, order[i], order[i] % 20 == 19 ? order[i] - 19 : order[i] + 1);
        for (unsigned i = 0; i < NODES; i++) {
            struct uuid least = id_of(i / 20 * 20);
            for (unsigned k = i / 20 * 20; k < i / 20 * 20 + 20; k++) {
                struct uuid other = id_of(k);
                if (uuid_order(&other, &least) < 0)
                    least = other;
            }
            struct uuid found = representative_of(threads, i);
            assert_memory_equal(&found, &least, sizeof least);
        }
        threads_free(&threads);
    }
}

static size_t news(struct threads *threads)
{
    size_t count = 0;
    const struct uuid *representative;
    for (size_t i = 0; i < threads_count(threads); i++)
        count += threads_is_news(threads, i, &representative);
    return count;
}

/* What is stored already is no news; a smaller id makes news of everything that names the former
 * representative. */
static void test_stored(void **state)
{
    (void)state;
    struct threads *threads = threads_new();
    const struct uuid small = {{1}}, middle = {{2}}, large = {{3}}, least = {{0, 1}};
    threads_join(threads, &large, &middle);
    assert_int_equal(news(threads), 1);
    threads_join_stored(threads, &large, &small);
    threads_join_stored(threads, &middle, &small);
    assert_int_equal(news(threads), 0);
    threads_join(threads, &middle, &least);
    assert_int_equal(news(threads), 3); /* large, middle, and small itself */
    threads_free(&threads);
    assert_null(threads);
}

/* A campaign with 100,000 answers is no work for a square of it. */
static void test_large_thread(void **state)
{
    (void)state;
    struct threads *threads = threads_new();
    srand(7);
    for (unsigned i = 1; i < 100000; i++) {
        struct uuid id; /* as random as a hash */
        for (size_t at = 0; at < sizeof id.b; at++)
            id.b[at] = (unsigned char)(rand() >> 7);
        id.b[15] |= 1;
        const struct uuid root = {{0, 1}};
        threads_join(threads, &id, &root);
    }
    assert_int_equal(news(threads), 99999);
    threads_free(&threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_order),
                                       cmocka_unit_test(test_stored),
                                       cmocka_unit_test(test_large_thread)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
