/* Links of Amazon SNS that lead to a host that never answers, or to none: bounds, and who is woken
 * when. What certificates and confirmations come to is in tests/flow/senders.py. */
#include "connectors/sns_links.h"

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"

#define THREADS 8
#define TURNS 200
#define URLS 40

struct host { /* accepts connections and says nothing */
    int fd;
    char address[32];
    struct receive_connector connector;
};

static void host_open(struct host *host, bool listens)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof address;
    host->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(host->fd >= 0);
    assert_int_equal(bind(host->fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(host->fd, (struct sockaddr *)&address, &n), 0);
    if (listens)
        assert_int_equal(listen(host->fd, 64), 0);
    (void)snprintf(host->address, sizeof host->address, "127.0.0.1:%u", ntohs(address.sin_port));
    host->connector = (struct receive_connector){.name = "mail", .sns_connect_to = host->address};
}

static enum sns_link_state look(struct sns_links *links, unsigned number, unsigned char *id_out)
{
    char url[80];
    struct pubkey *key;
    (void)snprintf(url, sizeof url, "https://sns.us-east-1.amazonaws.com/%u.pem", number);
    enum sns_link_state state =
        sns_links_look(links, SNS_LINK_CERTIFICATE, str_of(url), id_out, &key);
    assert_null(key);
    return state;
}

struct waiter {
    struct auth_wait wait;
    sem_t woken;
};

static void wake(struct auth_wait *wait)
{
    (void)sem_post(&((struct waiter *)wait)->woken);
}

static void await(struct sns_links *links, const unsigned char *id, struct waiter *waiter)
{
    waiter->wait.ready = wake;
    (void)sem_init(&waiter->woken, 0, 0);
    sns_links_await(links, id, &waiter->wait);
}

static bool is_woken(struct waiter *waiter)
{
    return sem_trywait(&waiter->woken) == 0;
}

static void what_is_fetched_and_waited_for_is_bounded(void **state)
{
    (void)state;
    struct host host;
    unsigned char id[DIGEST_SHA256_BYTES];
    static struct waiter waiters[SNS_LINKS_WAITS + 1];
    host_open(&host, true);
    struct sns_links *links = sns_links_new(&host.connector);
    for (unsigned i = 0; i < SNS_LINKS_PENDING; i++)
        assert_int_equal(look(links, i, id), SNS_LINK_PENDING);
    assert_int_equal(look(links, 99, id), SNS_LINK_BUSY);
    assert_int_equal(look(links, 0, id), SNS_LINK_PENDING); /* no further fetch */
    for (size_t i = 0; i < SNS_LINKS_WAITS; i++) {
        await(links, id, &waiters[i]);
        assert_false(is_woken(&waiters[i]));
    }
    assert_int_equal(look(links, 0, id), SNS_LINK_BUSY);
    await(links, id, &waiters[SNS_LINKS_WAITS]); /* one too many does not wait */
    assert_true(is_woken(&waiters[SNS_LINKS_WAITS]));
    int64_t begun_us = clock_monotonic_us();
    sns_links_stop(links);
    for (size_t i = 0; i < SNS_LINKS_WAITS; i++)
        assert_true(is_woken(&waiters[i]));
    assert_true(clock_monotonic_us() - begun_us < US_PER_SECOND); /* a fetch takes 5 */
    await(links, id, &waiters[0]);
    assert_true(is_woken(&waiters[0]));
    assert_int_equal(look(links, 99, id), SNS_LINK_BUSY);
    (void)close(host.fd); /* which ends what is being fetched */
    sns_links_free(&links);
    assert_null(links);
}

static void a_link_to_nowhere_is_away_and_not_tried_again_at_once(void **state)
{
    (void)state;
    struct host host;
    struct waiter waiter;
    unsigned char id[DIGEST_SHA256_BYTES], other[DIGEST_SHA256_BYTES];
    host_open(&host, false);
    struct sns_links *links = sns_links_new(&host.connector);
    assert_int_equal(look(links, 0, id), SNS_LINK_PENDING);
    await(links, id, &waiter);
    assert_int_equal(sem_wait(&waiter.woken), 0);
    assert_int_equal(look(links, 0, id), SNS_LINK_AWAY);
    await(links, id, &waiter); /* not pending */
    assert_true(is_woken(&waiter));
    struct pubkey *key;
    struct str url = STR_LIT("https://sns.us-east-1.amazonaws.com/0.pem");
    /* the same text as a link of another kind is another link */
    assert_int_equal(sns_links_look(links, SNS_LINK_CONFIRMATION, url, other, &key),
                     SNS_LINK_PENDING);
    assert_memory_not_equal(id, other, sizeof id);
    sns_links_free(&links);
    (void)close(host.fd);
}

static void no_more_is_fetched_than_the_burst(void **state)
{
    (void)state;
    struct host host;
    struct waiter waiter;
    unsigned char id[DIGEST_SHA256_BYTES];
    unsigned fetched = 0;
    host_open(&host, false);
    struct sns_links *links = sns_links_new(&host.connector);
    for (unsigned i = 0; i < 3 * SNS_LINKS_BURST; i++) {
        if (look(links, i, id) != SNS_LINK_PENDING)
            continue;
        fetched++;
        await(links, id, &waiter);
        assert_int_equal(sem_wait(&waiter.woken), 0);
    }
    assert_in_range(fetched, SNS_LINKS_BURST, SNS_LINKS_BURST + 2); /* the machine may be slow */
    sns_links_free(&links);
    (void)close(host.fd);
}

struct crowd {
    struct sns_links *links;
    unsigned first;
};

static void *ask(void *context)
{
    const struct crowd *crowd = context;
    for (unsigned i = 0; i < TURNS; i++) {
        unsigned char id[DIGEST_SHA256_BYTES];
        struct waiter waiter;
        if (look(crowd->links, (crowd->first + i) % URLS, id) == SNS_LINK_PENDING) {
            await(crowd->links, id, &waiter);
            (void)sem_wait(&waiter.woken);
            (void)sem_destroy(&waiter.woken);
        }
        sns_links_prove(crowd->links, id);
    }
    return NULL;
}

static void many_threads_ask_at_once(void **state)
{
    (void)state;
    struct host host;
    pthread_t threads[THREADS];
    struct crowd crowds[THREADS];
    host_open(&host, false);
    struct sns_links *links = sns_links_new(&host.connector);
    for (unsigned i = 0; i < THREADS; i++) {
        crowds[i] = (struct crowd){links, i * 5};
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &crowds[i]), 0);
    }
    (void)usleep(20000);
    sns_links_stop(links);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    sns_links_free(&links);
    (void)close(host.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_fetched_and_waited_for_is_bounded),
        cmocka_unit_test(a_link_to_nowhere_is_away_and_not_tried_again_at_once),
        cmocka_unit_test(no_more_is_fetched_than_the_burst),
        cmocka_unit_test(many_threads_ask_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
