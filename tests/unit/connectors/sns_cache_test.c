#include "connectors/sns_cache.h"

#include <cmocka.h>
#include <stdio.h>

#define HOUR_US (3600 * US_PER_SECOND)
#define YEAR_US (365 * 24 * HOUR_US)

static struct pubkey *new_key(void)
{
    return pubkey_new_p256(
        STR_LIT("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+eVZgB/bCuH8EDJbaBP1tdZlPg5"
                "ZzJoIqxHB3f/0ZBKTlRrrPwRDp6Qv5lZI3G9GKSNfGWB0l1uFtrdyxvAoeA=="));
}

struct fixture {
    struct sns_cache cache;
    int64_t now_us;
    unsigned char id[DIGEST_SHA256_BYTES]; /* of the link looked at last */
};

static void begin(struct fixture *f)
{
    f->now_us = 1000 * HOUR_US;
    sns_cache_init(&f->cache, f->now_us);
}

static enum sns_link_state look_at(struct fixture *f, enum sns_link_kind kind, unsigned number)
{
    char url[32];
    struct pubkey *key;
    (void)snprintf(url, sizeof url, "https://%u", number);
    enum sns_link_state state =
        sns_cache_look(&f->cache, kind, str_of(url), f->now_us, f->id, &key);
    bool has_certificate = state == SNS_LINK_THERE && kind == SNS_LINK_CERTIFICATE;
    assert_int_equal(key != NULL, has_certificate);
    pubkey_free(&key);
    return state;
}

static enum sns_link_state look(struct fixture *f, unsigned number)
{
    return look_at(f, SNS_LINK_CERTIFICATE, number);
}

static struct auth_wait *settle(struct fixture *f, enum sns_link_state state, int64_t valid_us)
{
    struct sns_link *link = sns_cache_next(&f->cache);
    assert_non_null(link);
    bool has_key = state == SNS_LINK_THERE && link->kind == SNS_LINK_CERTIFICATE;
    const struct sns_found found = {state, has_key ? new_key() : NULL, valid_us};
    return sns_cache_settle(&f->cache, link, &found, f->now_us);
}

/* Until it is looked at as pending, with nothing pending before. */
static void bring(struct fixture *f, unsigned number, enum sns_link_state state)
{
    f->now_us += SNS_LINKS_EVERY_US;
    assert_int_equal(look(f, number), SNS_LINK_PENDING);
    assert_null(settle(f, state, YEAR_US));
}

static void what_is_found_is_kept_for_its_time(void **state)
{
    (void)state;
    static const struct {
        enum sns_link_kind kind;
        enum sns_link_state state;
        int64_t keep_us;
    } cases[] = {
        {SNS_LINK_CERTIFICATE, SNS_LINK_AWAY, SNS_KEEP_AWAY_US},
        {SNS_LINK_CERTIFICATE, SNS_LINK_BAD, SNS_KEEP_BAD_US},
        {SNS_LINK_CONFIRMATION, SNS_LINK_THERE, SNS_KEEP_CONFIRMATION_US},
        {SNS_LINK_CONFIRMATION, SNS_LINK_AWAY, SNS_KEEP_AWAY_US},
        {SNS_LINK_CONFIRMATION, SNS_LINK_BAD, SNS_KEEP_BAD_US},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        begin(&f);
        assert_int_equal(look_at(&f, cases[i].kind, 1), SNS_LINK_PENDING);
        assert_int_equal(look_at(&f, cases[i].kind, 1), SNS_LINK_PENDING);
        assert_int_equal(f.cache.pending, 1);
        assert_null(settle(&f, cases[i].state, 0));
        assert_null(sns_cache_next(&f.cache));
        f.now_us += cases[i].keep_us - 1;
        assert_int_equal(look_at(&f, cases[i].kind, 1), cases[i].state);
        f.now_us += 1;
        assert_int_equal(look_at(&f, cases[i].kind, 1), SNS_LINK_PENDING);
        sns_cache_done(&f.cache);
    }
}

static void a_certificate_serves_while_its_host_is_away(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    bring(&f, 1, SNS_LINK_THERE);
    int64_t found_us = f.now_us;
    f.now_us += SNS_KEEP_CERTIFICATE_US - 1;
    assert_int_equal(look(&f, 1), SNS_LINK_THERE);
    assert_null(sns_cache_next(&f.cache));
    f.now_us += 1;
    assert_int_equal(look(&f, 1), SNS_LINK_THERE); /* and is fetched anew */
    assert_int_equal(f.cache.pending, 1);
    assert_int_equal(look(&f, 1), SNS_LINK_THERE);
    assert_null(settle(&f, SNS_LINK_AWAY, 0));
    assert_int_equal(look(&f, 1), SNS_LINK_THERE);
    assert_null(sns_cache_next(&f.cache)); /* not at once */
    f.now_us += SNS_KEEP_AWAY_US;
    assert_int_equal(look(&f, 1), SNS_LINK_THERE);
    assert_non_null(sns_cache_next(&f.cache));
    assert_null(settle(&f, SNS_LINK_AWAY, 0));
    f.now_us = found_us + SNS_SERVE_CERTIFICATE_US;
    assert_int_equal(look(&f, 1), SNS_LINK_PENDING);
    assert_null(settle(&f, SNS_LINK_AWAY, 0));
    assert_int_equal(look(&f, 1), SNS_LINK_AWAY);
    f.now_us += SNS_KEEP_AWAY_US;
    assert_int_equal(look(&f, 1), SNS_LINK_PENDING);
    assert_null(settle(&f, SNS_LINK_THERE, YEAR_US));
    f.now_us += SNS_SERVE_CERTIFICATE_US - 1; /* it is new */
    assert_int_equal(look(&f, 1), SNS_LINK_THERE);
    assert_null(settle(&f, SNS_LINK_BAD, 0)); /* withdrawn */
    assert_int_equal(look(&f, 1), SNS_LINK_BAD);
    sns_cache_done(&f.cache);
}

static void no_certificate_serves_longer_than_it_is_valid(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    assert_int_equal(look(&f, 1), SNS_LINK_PENDING);
    assert_null(settle(&f, SNS_LINK_THERE, HOUR_US));
    f.now_us += HOUR_US - 1;
    assert_int_equal(look(&f, 1), SNS_LINK_THERE);
    f.now_us += 1;
    assert_int_equal(look(&f, 1), SNS_LINK_PENDING);
    sns_cache_done(&f.cache);
}

static void fetches_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    unsigned number = 0;
    begin(&f);
    for (; number < SNS_LINKS_PENDING; number++)
        assert_int_equal(look(&f, number), SNS_LINK_PENDING);
    assert_int_equal(look(&f, 99), SNS_LINK_BUSY);
    for (; sns_cache_next(&f.cache) != NULL;)
        assert_null(settle(&f, SNS_LINK_BAD, 0));
    for (; number < SNS_LINKS_BURST; number++) {
        assert_int_equal(look(&f, number), SNS_LINK_PENDING);
        assert_null(settle(&f, SNS_LINK_BAD, 0));
    }
    assert_int_equal(look(&f, number), SNS_LINK_BUSY);
    assert_int_equal(look(&f, 0), SNS_LINK_BAD); /* what is known is known */
    f.now_us += SNS_LINKS_EVERY_US - 1;
    assert_int_equal(look(&f, number), SNS_LINK_BUSY);
    f.now_us += 1;
    assert_int_equal(look(&f, number), SNS_LINK_PENDING);
    assert_int_equal(look(&f, 99), SNS_LINK_BUSY);
    f.now_us += YEAR_US; /* no more than the burst comes together */
    assert_null(settle(&f, SNS_LINK_BAD, 0));
    for (unsigned i = 0; i < SNS_LINKS_BURST; i++) {
        assert_int_equal(look(&f, 100 + i), SNS_LINK_PENDING);
        assert_null(settle(&f, SNS_LINK_BAD, 0));
    }
    assert_int_equal(look(&f, 200), SNS_LINK_BUSY);
    sns_cache_done(&f.cache);
}

/* A stranger names one link after the other; what has proven itself stays longest. */
static void the_least_worth_is_forgotten_first(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    bring(&f, 1, SNS_LINK_THERE);
    sns_cache_prove(&f.cache, f.id);
    bring(&f, 2, SNS_LINK_THERE);
    bring(&f, 3, SNS_LINK_BAD);
    for (unsigned i = 0; i < SNS_LINKS_MOST - 2; i++)
        bring(&f, 100 + i, SNS_LINK_BAD);
    assert_int_equal(look(&f, 1), SNS_LINK_THERE);
    assert_int_equal(look(&f, 2), SNS_LINK_THERE);
    f.now_us += SNS_LINKS_EVERY_US;
    assert_int_equal(look(&f, 3), SNS_LINK_PENDING); /* the oldest failure had to go */
    assert_null(settle(&f, SNS_LINK_BAD, 0));
    for (unsigned i = 0; i < SNS_LINKS_MOST; i++)
        bring(&f, 200 + i, SNS_LINK_THERE);
    assert_int_equal(look(&f, 1), SNS_LINK_THERE);
    f.now_us += SNS_LINKS_EVERY_US;
    assert_int_equal(look(&f, 2), SNS_LINK_PENDING); /* it never verified anything */
    sns_cache_done(&f.cache);
}

static void who_waits_is_woken_once(void **state)
{
    (void)state;
    struct fixture f;
    struct auth_wait waits[SNS_LINKS_WAITS + 1] = {{NULL, NULL}};
    begin(&f);
    assert_int_equal(look(&f, 1), SNS_LINK_PENDING);
    for (size_t i = 0; i < SNS_LINKS_WAITS; i++)
        assert_true(sns_cache_await(&f.cache, f.id, &waits[i]));
    assert_false(sns_cache_await(&f.cache, f.id, &waits[SNS_LINKS_WAITS]));
    assert_int_equal(look(&f, 1), SNS_LINK_BUSY);
    size_t count = 0;
    for (struct auth_wait *wait = settle(&f, SNS_LINK_BAD, 0); wait != NULL; wait = wait->next)
        count++;
    assert_int_equal(count, SNS_LINKS_WAITS);
    assert_false(sns_cache_await(&f.cache, f.id, &waits[0])); /* not pending any more */
    f.now_us += SNS_KEEP_BAD_US;
    assert_int_equal(look(&f, 1), SNS_LINK_PENDING);
    assert_true(sns_cache_await(&f.cache, f.id, &waits[0]));
    assert_ptr_equal(sns_cache_take_waits(&f.cache), &waits[0]);
    assert_null(sns_cache_take_waits(&f.cache));
    assert_null(settle(&f, SNS_LINK_BAD, 0));
    sns_cache_done(&f.cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_found_is_kept_for_its_time),
        cmocka_unit_test(a_certificate_serves_while_its_host_is_away),
        cmocka_unit_test(no_certificate_serves_longer_than_it_is_valid),
        cmocka_unit_test(fetches_are_bounded),
        cmocka_unit_test(the_least_worth_is_forgotten_first),
        cmocka_unit_test(who_waits_is_woken_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
