/* Bodies within their limits, alone and together, plain and as gzip. */
#include "connectors/receive_body.h"

#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

#include "connectors/gunzip.h"
#include "lib/arena.h"
#include "lib/limits.h"

#define MOST (256 * KIB)

struct scene {
    struct body_budget budget;
    struct receive_body body;
    char text[MOST + 1];
    char packed[2 * MOST];
};

static int set_up(void **state)
{
    struct scene *scene = xcalloc(1, sizeof *scene);
    scene->budget.most = 4 * MOST;
    receive_body_init(&scene->body, &scene->budget);
    receive_body_limit(&scene->body, MOST);
    unsigned noise = 1;
    for (size_t i = 0; i < sizeof scene->text; i++)
        scene->text[i] = (char)('a' + ((noise = noise * 1103515245 + 12345) >> 16) % 26);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    receive_body_done(&scene->body);
    assert_int_equal(scene->budget.held, 0);
    free(scene);
    return 0;
}

/* One member; returns its length. */
static size_t pack(struct str text, char *out, size_t room)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)text.p,
                  .avail_in = (uInt)text.n,
                  .next_out = (Bytef *)out,
                  .avail_out = (uInt)room};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t n = z.total_out;
    assert_int_equal(deflateEnd(&z), Z_OK);
    return n;
}

static enum body_result unfold(struct scene *scene, size_t n)
{
    receive_body_reset(&scene->body);
    assert_int_equal(receive_body_add(&scene->body, scene->packed, n), BODY_OK);
    return receive_body_unfold(&scene->body);
}

static void assert_holds(const struct scene *scene, struct str text)
{
    struct str found = receive_body_peek(&scene->body);
    assert_int_equal(found.n, text.n);
    assert_memory_equal(found.p, text.p, text.n);
    assert_int_equal(scene->body.held, text.n);
    assert_int_equal(scene->budget.held, text.n);
}

static void test_limit(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(receive_body_add(&scene->body, scene->text, MOST - 1), BODY_OK);
    assert_int_equal(receive_body_add(&scene->body, scene->text + MOST - 1, 1), BODY_OK);
    assert_holds(scene, (struct str){scene->text, MOST});
    assert_int_equal(receive_body_add(&scene->body, "x", 1), BODY_TOO_LARGE);
    receive_body_reset(&scene->body);
    assert_holds(scene, STR_LIT(""));
}

static void test_budget(void **state)
{
    struct scene *scene = *state;
    struct receive_body other;
    receive_body_init(&other, &scene->budget);
    receive_body_limit(&other, MOST);
    scene->budget.most = MOST + 10;
    assert_true(body_budget_has(&scene->budget, MOST + 10));
    assert_false(body_budget_has(&scene->budget, MOST + 11));
    assert_false(body_budget_has(&scene->budget, UINT64_MAX));
    assert_int_equal(receive_body_add(&other, scene->text, MOST), BODY_OK);
    assert_true(body_budget_has(&scene->budget, 10));
    assert_false(body_budget_has(&scene->budget, 11));
    assert_int_equal(receive_body_add(&scene->body, scene->text, 10), BODY_OK);
    assert_int_equal(receive_body_add(&scene->body, scene->text, 1), BODY_BUSY);
    receive_body_reset(&scene->body);
    assert_true(body_budget_has(&scene->budget, 10));
    receive_body_done(&other);
    assert_int_equal(receive_body_add(&scene->body, scene->text, MOST), BODY_OK);
}

static void test_unfolds(void **state)
{
    struct scene *scene = *state;
    static const size_t sizes[] = {0, 1, 5, 16 * KIB, 16 * KIB + 1, MOST - 1, MOST};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct str text = {scene->text, sizes[i]};
        assert_int_equal(unfold(scene, pack(text, scene->packed, sizeof scene->packed)), BODY_OK);
        assert_holds(scene, text);
    }
}

static void test_several_members(void **state)
{
    struct scene *scene = *state;
    size_t n = pack((struct str){scene->text, 1000}, scene->packed, sizeof scene->packed);
    n += pack(STR_LIT(""), scene->packed + n, sizeof scene->packed - n);
    n += pack((struct str){scene->text + 1000, 500}, scene->packed + n, sizeof scene->packed - n);
    assert_int_equal(unfold(scene, n), BODY_OK);
    assert_holds(scene, (struct str){scene->text, 1500});
}

/* However it is cut, and whichever bit is wrong: no gzip, or the same text. */
static void test_cut_short_or_damaged(void **state)
{
    struct scene *scene = *state;
    struct str text = {scene->text, 300};
    size_t whole = pack(text, scene->packed, sizeof scene->packed);
    for (size_t n = 0; n < whole; n++)
        if (unfold(scene, n) != BODY_MALFORMED)
            fail_msg("cut after %zu of %zu bytes", n, whole);
    for (size_t bit = 0; bit < 8 * whole; bit++) {
        scene->packed[bit / 8] ^= (char)(1 << bit % 8);
        if (unfold(scene, whole) == BODY_OK)
            assert_holds(scene, text); /* a time or a name in the header */
        scene->packed[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_int_equal(unfold(scene, whole), BODY_OK);
}

static void test_what_follows_the_end(void **state)
{
    struct scene *scene = *state;
    static const struct str tails[] = {
        {"\0", 1}, {"\0\0\0\0", 4}, {"x", 1}, {"\x1f", 1}, {"{}", 2}};
    size_t n = pack(STR_LIT("hello"), scene->packed, sizeof scene->packed);
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        memcpy(scene->packed + n, tails[i].p, tails[i].n);
        assert_int_equal(unfold(scene, n + tails[i].n), BODY_MALFORMED);
    }
}

static void test_what_is_no_gzip(void **state)
{
    struct scene *scene = *state;
    static const struct str bodies[] = {{"", 0}, {"{\"a\":1}", 7}, {"\x78\x9c\x03\0\0\0\0\x01", 8}};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        memcpy(scene->packed, bodies[i].p, bodies[i].n);
        assert_int_equal(unfold(scene, bodies[i].n), BODY_MALFORMED);
    }
}

/* A thousandfold: what it unfolds to is never held beyond the limit, nor beyond the budget. */
static void test_bombs(void **state)
{
    struct scene *scene = *state;
    const size_t huge = 64 * MIB;
    char *zeros = xcalloc(1, huge);
    size_t n = pack((struct str){zeros, huge}, scene->packed, sizeof scene->packed);
    assert_true(n < MOST);
    assert_int_equal(unfold(scene, n), BODY_TOO_LARGE);
    assert_true(scene->body.unfolded.cap <= MOST);
    assert_true(scene->budget.held <= MOST + 16 * KIB);
    scene->budget.most = MOST / 2;
    assert_int_equal(unfold(scene, n), BODY_BUSY);
    n = pack((struct str){zeros, MOST + 1}, scene->packed, sizeof scene->packed);
    scene->budget.most = 4 * MOST;
    assert_int_equal(unfold(scene, n), BODY_TOO_LARGE);
    free(zeros);
}

/* The pieces do not depend on how the bytes were fed. */
static void test_fed_in_pieces(void **state)
{
    struct scene *scene = *state;
    size_t n = pack((struct str){scene->text, 3000}, scene->packed, sizeof scene->packed);
    n += pack((struct str){scene->text + 3000, 700}, scene->packed + n, sizeof scene->packed - n);
    for (size_t step = 1; step < 32; step++) {
        char out[100];
        size_t got = 0;
        struct gunzip *gunzip = gunzip_new();
        for (size_t at = 0; at < n; at += step) {
            size_t piece;
            gunzip_feed(gunzip, (struct str){scene->packed + at, step < n - at ? step : n - at});
            while (gunzip_next(gunzip, out, sizeof out, &piece) == GUNZIP_PIECE) {
                assert_memory_equal(out, scene->text + got, piece);
                got += piece;
            }
        }
        assert_int_equal(got, 3700);
        assert_true(gunzip_is_complete(gunzip));
        assert_int_equal(gunzip_bytes_used(gunzip), n);
        gunzip_free(&gunzip);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_limit),
        TEST(test_budget),
        TEST(test_unfolds),
        TEST(test_several_members),
        TEST(test_cut_short_or_damaged),
        TEST(test_what_follows_the_end),
        TEST(test_what_is_no_gzip),
        TEST(test_bombs),
        TEST(test_fed_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
