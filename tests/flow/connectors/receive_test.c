/* The webhook endpoint as a process of its own, a bus of its own (embedded, then Kafka), libcurl
 * and plain sockets as the sender: what was answered is held against what is on the bus. */
#include "connectors/receive.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bus/deadletter.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/hex.h"
#include "lib/limits.h"
#include "lib/log.h"
#include "lib/stop.h"
#include "tests/flow/bus/fixture.h"
#include "transform/ids.h"

#define SECRET "3f1c9a7e5b2d4c6f8a0b1c2d3e4f5a6b"
#define ACCOUNT "402117396318254"
#define MAX_BODY (256 * KIB)
#define HOOK "/hooks/acme/wa-main"
#define BODY_BYTES 1024

struct bench { /* one server with its folder */
    char folder[64];
    char bus_path[96];
    char log_path[96];
    char hooks[80];
    char admin[80];
    char prefix[64];
    pid_t pid;
    struct bus_conf bus;
    struct receive_connector connector;
    struct receive_conf conf;
    rlim_t file_bytes; /* 0 = unlimited */
};

/* ---- the server ---- */

static enum bus_kind kind_tested;
static const char *const secrets[] = {"of-last-month", SECRET};

static void configure(struct bench *bench)
{
    struct uuid tenant = ids_tenant(STR_LIT("acme"));
    bench->connector = (struct receive_connector){
        .tenant = "acme",
        .tenant_id = tenant,
        .name = "wa-main",
        .channel = "whatsapp",
        .provider = "whatsapp_cloud",
        .account = ACCOUNT,
        .channel_id = ids_channel(&tenant, STR_LIT("whatsapp_cloud"), STR_LIT(ACCOUNT)),
        .verify_token = "r4nd0m",
        .secrets = secrets,
        .secret_count = 2,
    };
    bench->bus = (struct bus_conf){.kind = kind_tested,
                                   .topic_prefix = bench->prefix,
                                   .brokers = getenv("SLUICE_TEST_KAFKA"),
                                   .path = bench->bus_path,
                                   .retention_days = 30,
                                   .partitions = 1,
                                   .replication = 1,
                                   .delivery_timeout_ms = 2000};
    bench->conf = (struct receive_conf){.listen = "127.0.0.1:0",
                                        .admin = "127.0.0.1:0",
                                        .max_body_bytes = MAX_BODY,
                                        .threads = 2,
                                        .idle_timeout_s = 15,
                                        .max_connections = 1024,
                                        .archive_raw = true,
                                        .connectors = &bench->connector,
                                        .connector_count = 1};
}

static struct bench *bench_new(void)
{
    struct bench *bench = xcalloc(1, sizeof *bench);
    (void)snprintf(bench->folder, sizeof bench->folder, "/tmp/sluice-receive-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    (void)snprintf(bench->bus_path, sizeof bench->bus_path, "%s/bus.db", bench->folder);
    (void)snprintf(bench->prefix, sizeof bench->prefix, "%s", strrchr(bench->folder, '/') + 1);
    (void)snprintf(bench->log_path, sizeof bench->log_path, "%s/log", bench->folder);
    configure(bench);
    return bench;
}

static int child(const struct bench *bench)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves no server behind */
    int fd = open(bench->log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
        return 1;
    if (bench->file_bytes > 0) {
        struct rlimit limit = {bench->file_bytes, bench->file_bytes};
        (void)signal(SIGXFSZ, SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &limit);
    }
    (void)setenv("SLUICE_LOG", "debug", 1);
    log_init("receive");
    stop_install();
    struct err err = {0};
    enum rc rc = receive_run(&bench->conf, &bench->bus, &err);
    if (rc != RC_OK)
        LOG_ERROR("failed", LOG_STR("error", err.msg));
    return rc == RC_OK ? 0 : 1;
}

static char *read_log(const struct bench *bench)
{
    struct buf text;
    buf_init(&text, 64 * MIB);
    FILE *file = fopen(bench->log_path, "re");
    char piece[4096];
    for (size_t n; file != NULL && (n = fread(piece, 1, sizeof piece, file)) > 0;)
        assert_true(buf_add(&text, piece, n));
    if (file != NULL)
        (void)fclose(file);
    assert_true(buf_add(&text, "", 1));
    return text.p;
}

static void find_field(const char *line, const char *key, char *out, size_t size)
{
    const char *at = strstr(line, key);
    assert_non_null(at);
    at += strlen(key);
    size_t n = strcspn(at, " \n");
    assert_true(n < size);
    memcpy(out, at, n);
    out[n] = '\0';
}

static void await_line(const struct bench *bench, const char *words, struct bench *addresses_out)
{
    for (int i = 0; i < 3000; i++) {
        char *log = read_log(bench);
        char *line = strstr(log, words);
        if (line != NULL && strchr(line, '\n') != NULL) {
            if (addresses_out != NULL) {
                find_field(line, " listen=", addresses_out->hooks, sizeof addresses_out->hooks);
                find_field(line, " admin=", addresses_out->admin, sizeof addresses_out->admin);
            }
            free(log);
            return;
        }
        free(log);
        (void)usleep(10000);
    }
    fail_msg("the server never logged \"%s\"", words);
}

static void bench_fork(struct bench *bench)
{
    (void)unlink(bench->log_path);
    bench->pid = fork();
    assert_true(bench->pid >= 0);
    if (bench->pid == 0)
        exit(child(bench));
}

static void bench_start(struct bench *bench)
{
    bench_fork(bench);
    await_line(bench, "msg=\"taking webhooks\"", bench);
}

static int bench_stop(struct bench *bench, int signal_number)
{
    int status = 0;
    assert_int_equal(kill(bench->pid, signal_number), 0);
    assert_int_equal(waitpid(bench->pid, &status, 0), bench->pid);
    return status;
}

static void bench_stop_cleanly(struct bench *bench)
{
    int status = bench_stop(bench, SIGTERM);
    char *log = read_log(bench);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("status %d\n%.4000s", status, log);
    assert_non_null(strstr(log, "msg=stopped"));
    assert_non_null(strstr(log, "unanswered=0"));
    assert_null(strstr(log, SECRET)); /* promise 8 */
    assert_null(strstr(log, "Buenas"));
    free(log);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void bench_free(struct bench *bench)
{
    assert_int_equal(nftw(bench->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(bench);
}

/* ---- bodies ---- */

static size_t make_body(char out[static BODY_BYTES], unsigned number)
{
    int n = snprintf(
        out, BODY_BYTES,
        "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"318845207461093\","
        "\"changes\":[{\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":"
        "{\"display_phone_number\":\"576015550142\",\"phone_number_id\":\"" ACCOUNT "\"},"
        "\"contacts\":[{\"profile\":{\"name\":\"Luc\\u00eda\"},\"wa_id\":\"573005550178\"}],"
        "\"messages\":[{\"from\":\"573005550178\",\"id\":\"wamid.TEST%08u\","
        "\"timestamp\":\"1763650800\",\"text\":{\"body\":\"Buenas tardes "
        "%u\"},\"type\":\"text\"}]},"
        "\"field\":\"messages\"}]}]}",
        number, number);
    assert_true(n > 0 && n < BODY_BYTES);
    return (size_t)n;
}

#define BODY_HEAD                                                                                  \
    "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"318845207461093\","            \
    "\"changes\":[{\"field\":\"messages\",\"value\":{\"messaging_product\":\"whatsapp\","          \
    "\"metadata\":"                                                                                \
    "{\"display_phone_number\":\"576015550142\",\"phone_number_id\":\"" ACCOUNT "\"},"             \
    "\"contacts\":[{\"profile\":{\"name\":\"L\"},\"wa_id\":\"573005550178\"}],\"messages\":["

/* One message with a long text; the caller frees it. */
static struct str make_large_body(unsigned number, size_t text_bytes)
{
    struct buf body;
    buf_init(&body, MIB);
    assert_true(buf_printf(&body,
                           BODY_HEAD
                           "{\"from\":\"573005550178\",\"id\":\"wamid.TEST%08u\",\"timestamp\":"
                           "\"1763650800\",\"type\":\"text\",\"text\":{\"body\":\"%0*u\"}}]}}]}]}",
                           number, (int)text_bytes, number));
    return buf_peek(&body);
}

static void sign(struct str body, char header_out[static 128])
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    char hex[2 * DIGEST_SHA256_BYTES + 1];
    struct hmac *hmac = hmac_new(STR_LIT(SECRET));
    hmac_sha256(hmac, body, digest);
    hmac_free(&hmac);
    hex_encode(digest, sizeof digest, hex);
    (void)snprintf(header_out, 128, "X-Hub-Signature-256: sha256=%s", hex);
}

/* ---- the sender ---- */

struct exchange {
    CURL *curl;
    struct curl_slist *headers;
    struct buf answer;
    struct buf answer_headers;
    char *body; /* owned copy */
    unsigned number;
};

static size_t keep(char *bytes, size_t size, size_t count, void *context)
{
    return buf_add(context, bytes, size * count) ? size * count : 0;
}

static struct exchange *exchange_new(const char *address, const char *path)
{
    char url[256];
    struct exchange *exchange = xcalloc(1, sizeof *exchange);
    exchange->curl = curl_easy_init();
    buf_init(&exchange->answer, MIB);
    buf_init(&exchange->answer_headers, MIB);
    (void)snprintf(url, sizeof url, "http://%s%s", address, path);
    (void)curl_easy_setopt(exchange->curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(exchange->curl, CURLOPT_WRITEFUNCTION, keep);
    (void)curl_easy_setopt(exchange->curl, CURLOPT_WRITEDATA, &exchange->answer);
    (void)curl_easy_setopt(exchange->curl, CURLOPT_HEADERFUNCTION, keep);
    (void)curl_easy_setopt(exchange->curl, CURLOPT_HEADERDATA, &exchange->answer_headers);
    (void)curl_easy_setopt(exchange->curl, CURLOPT_TIMEOUT_MS, 60000L);
    (void)curl_easy_setopt(exchange->curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(exchange->curl, CURLOPT_PRIVATE, exchange);
    return exchange;
}

static void exchange_header(struct exchange *exchange, const char *header)
{
    exchange->headers = curl_slist_append(exchange->headers, header);
    (void)curl_easy_setopt(exchange->curl, CURLOPT_HTTPHEADER, exchange->headers);
}

static void exchange_body(struct exchange *exchange, struct str body)
{
    free(exchange->body);
    exchange->body = xmalloc(body.n + 1);
    memcpy(exchange->body, body.p, body.n);
    (void)curl_easy_setopt(exchange->curl, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(exchange->curl, CURLOPT_POSTFIELDS, exchange->body);
    (void)curl_easy_setopt(exchange->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
}

static void exchange_signed_body(struct exchange *exchange, struct str body)
{
    char header[128];
    sign(body, header);
    exchange_body(exchange, body);
    exchange_header(exchange, header);
    exchange_header(exchange, "Content-Type: application/json");
}

static long exchange_status(struct exchange *exchange)
{
    long status = 0;
    (void)curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static long exchange_run(struct exchange *exchange)
{
    buf_reset(&exchange->answer);
    buf_reset(&exchange->answer_headers);
    CURLcode code = curl_easy_perform(exchange->curl);
    if (code != CURLE_OK)
        fail_msg("curl: %s", curl_easy_strerror(code));
    return exchange_status(exchange);
}

static bool exchange_has_header(struct exchange *exchange, const char *line)
{
    (void)buf_add(&exchange->answer_headers, "", 1);
    bool found = strcasestr(exchange->answer_headers.p, line) != NULL;
    exchange->answer_headers.n--;
    return found;
}

static void exchange_free(struct exchange *exchange)
{
    curl_easy_cleanup(exchange->curl);
    curl_slist_free_all(exchange->headers);
    buf_done(&exchange->answer);
    buf_done(&exchange->answer_headers);
    free(exchange->body);
    free(exchange);
}

static long post_signed(const struct bench *bench, struct str body)
{
    struct exchange *exchange = exchange_new(bench->hooks, HOOK);
    exchange_signed_body(exchange, body);
    long status = exchange_run(exchange);
    assert_int_equal(exchange->answer.n > 0, status != 200);
    exchange_free(exchange);
    return status;
}

/* ---- the bus ---- */

static enum rc from_the_start(void *context, enum bus_topic topic, int32_t partition,
                              int64_t *offset_out, struct err *err)
{
    (void)context;
    (void)topic;
    (void)partition;
    (void)err;
    *offset_out = -1;
    return RC_OK;
}

typedef void message_fn(void *context, const struct bus_message *message);

static struct bus_partition_range range_of(const struct bench *bench, enum bus_topic topic)
{
    struct bus_partition_range range;
    size_t partitions;
    struct err err;
    assert_int_equal(bus_ranges(&bench->bus, topic, &range, 1, &partitions, &err), RC_OK);
    assert_int_equal(partitions, 1);
    return range;
}

static size_t read_topic(const struct bench *bench, enum bus_topic topic, message_fn *each,
                         void *context)
{
    static unsigned readers;
    char group[96];
    (void)snprintf(group, sizeof group, "%s-%u", bench->prefix, readers++);
    struct bus_consumer_conf conf = {
        .group = group, .topics = &topic, .topic_count = 1, .start_offset = from_the_start};
    struct bus_consumer *consumer = NULL;
    struct err err;
    const struct bus_partition_range range = range_of(bench, topic);
    int64_t next = range.first_offset;
    assert_int_equal(bus_consumer_open(&bench->bus, &conf, &consumer, &err), RC_OK);
    for (int polls = 0; next < range.next_offset && polls < 300; polls++) {
        struct bus_batch batch;
        enum rc rc = bus_consumer_poll(consumer, 200, 1000, 16 * MIB, &batch, &err);
        assert_true(rc == RC_OK || rc == RC_AGAIN);
        for (size_t i = 0; i < batch.count; i++) {
            assert_true(batch.messages[i].offset <= next);
            if (batch.messages[i].offset < next)
                continue; /* it was assigned anew, and begins again */
            next++;
            if (each != NULL)
                each(context, &batch.messages[i].message);
        }
    }
    bus_consumer_close(&consumer);
    assert_int_equal(next, range.next_offset);
    return (size_t)(next - range.first_offset);
}

static struct str header_value(const struct bus_message *message, const char *name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (str_is(message->headers[i].name, name))
            return message->headers[i].value;
    return STR_NULL;
}

static void assert_str(struct str found, struct str expected)
{
    if (!str_equal(found, expected))
        fail_msg("found \"%.*s\", expected \"%.*s\"", STR_ARGS(found), STR_ARGS(expected));
}

/* ---- stored exactly ---- */

static void keep_line(void *context, const struct bus_message *message)
{
    struct buf *lines = context;
    assert_str(header_value(message, "schema"), STR_LIT("sluice.record/1"));
    assert_str(header_value(message, "tenant"), STR_LIT("acme"));
    assert_str(header_value(message, "connector"), STR_LIT("wa-main"));
    struct uuid key;
    assert_true(uuid_from_text(message->key, &key));
    assert_true(buf_printf(lines, "%.*s %.*s %.*s\n", STR_ARGS(message->key),
                           STR_ARGS(header_value(message, "kind")), STR_ARGS(message->value)));
}

struct raw_seen {
    struct str body;
    int64_t received_us;
};

static void check_raw(void *context, const struct bus_message *message)
{
    struct raw_seen *seen = context;
    assert_str(message->value, seen->body);
    assert_str(header_value(message, "tenant"), STR_LIT("acme"));
    assert_str(header_value(message, "connector"), STR_LIT("wa-main"));
    assert_str(header_value(message, "content-type"), STR_LIT("application/json"));
    assert_int_equal(header_value(message, "tenant_id").n, 36);
    assert_int_equal(header_value(message, "channel_id").n, 36);
    assert_int_equal(header_value(message, "request-id").n, 32);
    assert_true(clock_parse(header_value(message, "received-at"), &seen->received_us));
}

static enum rc expect_record(void *context, const struct record *record, struct err *err)
{
    struct buf json;
    char key[UUID_TEXT_BYTES];
    struct uuid id = record_bus_key(record);
    buf_init(&json, MIB);
    assert_int_equal(record_encode(record, &json, err), RC_OK);
    uuid_format(&id, key);
    assert_true(buf_printf(context, "%s %s %.*s\n", key, record_kind_name(record->kind),
                           STR_ARGS(buf_peek(&json))));
    buf_done(&json);
    return RC_OK;
}

static enum rc expect_no_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)context;
    (void)err;
    fail_msg("rejected: %.*s", STR_ARGS(reject->detail));
    return RC_FATAL;
}

static void normalize(const struct bench *bench, struct str body, int64_t at_us, struct buf *lines)
{
    struct channel_account account = {STR_LIT(ACCOUNT), STR_LIT("whatsapp_cloud"),
                                      bench->connector.channel_id, NULL};
    struct normalizer_conf conf = {.channel = STR_LIT("whatsapp"),
                                   .tenant = STR_LIT("acme"),
                                   .tenant_id = bench->connector.tenant_id,
                                   .accounts = &account,
                                   .account_count = 1};
    struct normalizer_sink sink = {expect_record, expect_no_reject, lines};
    struct normalizer *normalizer = NULL;
    struct err err;
    assert_int_equal(normalizer_new(&conf, &sink, &normalizer, &err), RC_OK);
    const struct document document = document_at(at_us, SOURCE_WEBHOOK);
    normalizer_begin(normalizer, &document);
    assert_int_equal(normalizer_feed(normalizer, body.p, body.n, &err), RC_OK);
    assert_int_equal(normalizer_end(normalizer, &err), RC_OK);
    normalizer_free(&normalizer);
}

static void stores_exactly_what_the_body_says(void **state)
{
    (void)state;
    char text[BODY_BYTES];
    struct str body = {text, make_body(text, 1)};
    struct bench *bench = bench_new();
    bench_start(bench);
    assert_int_equal(post_signed(bench, body), 200);

    struct raw_seen seen = {.body = body};
    struct buf found, expected;
    buf_init(&found, MIB);
    buf_init(&expected, MIB);
    assert_int_equal(read_topic(bench, BUS_RAW, check_raw, &seen), 1);
    assert_true(read_topic(bench, BUS_RECORDS, keep_line, &found) > 0);
    assert_int_equal(read_topic(bench, BUS_DEADLETTER, NULL, NULL), 0);
    normalize(bench, body, seen.received_us, &expected);
    assert_str(buf_peek(&found), buf_peek(&expected));
    buf_done(&found);
    buf_done(&expected);
    bench_stop_cleanly(bench);
    bench_free(bench);
}

/* ---- refusals ---- */

static void assert_bus_is_empty(const struct bench *bench)
{
    for (int topic = 0; topic < BUS_TOPICS; topic++)
        assert_int_equal(read_topic(bench, (enum bus_topic)topic, NULL, NULL), 0);
}

static void refuses_without_storing(void **state)
{
    (void)state;
    char text[BODY_BYTES], good[128];
    struct str body = {text, make_body(text, 2)};
    sign(body, good);
    char half[128], upper[128], other[128];
    (void)snprintf(half, sizeof half, "%.*s", (int)strlen(good) - 2, good);
    (void)snprintf(upper, sizeof upper, "%s", good);
    upper[strlen("X-Hub-Signature-256: ")] = 'S';
    (void)snprintf(other, sizeof other, "%s", good);
    other[strlen(other) - 1] ^= 1;
    const struct {
        const char *method, *path, *first, *second;
        long status;
    } cases[] = {
        {"POST", HOOK, NULL, NULL, 401},
        {"POST", HOOK, half, NULL, 401},
        {"POST", HOOK, upper, NULL, 401},
        {"POST", HOOK, other, NULL, 401},
        {"POST", HOOK, good, good, 401},
        {"POST", HOOK, "X-Hub-Signature-256: sha256=", NULL, 401},
        {"POST", HOOK, "X-Hub-Signature: sha1=00", NULL, 401},
        {"POST", "/hooks/acme/nobody", good, NULL, 404},
        {"POST", "/hooks/nobody/wa-main", good, NULL, 404},
        {"POST", "/hooks/acme/wa-main/", good, NULL, 404},
        {"POST", "/", good, NULL, 404},
        {"PUT", HOOK, good, NULL, 405},
        {"DELETE", HOOK, good, NULL, 405},
        {"PATCH", HOOK, good, NULL, 405},
        {"PUT", "/hooks/acme/nobody", good, NULL, 404},
    };
    struct bench *bench = bench_new();
    bench_start(bench);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct exchange *exchange = exchange_new(bench->hooks, cases[i].path);
        exchange_body(exchange, body);
        (void)curl_easy_setopt(exchange->curl, CURLOPT_CUSTOMREQUEST, cases[i].method);
        if (cases[i].first != NULL)
            exchange_header(exchange, cases[i].first);
        if (cases[i].second != NULL)
            exchange_header(exchange, cases[i].second);
        long status = exchange_run(exchange);
        if (status != cases[i].status)
            fail_msg("case %zu: %ld, expected %ld", i, status, cases[i].status);
        assert_int_equal(exchange_has_header(exchange, "Allow: GET, POST"), status == 405);
        if (status == 404)
            assert_str(buf_peek(&exchange->answer), STR_LIT("not found\n"));
        exchange_free(exchange);
    }
    assert_bus_is_empty(bench);
    bench_stop_cleanly(bench);
    bench_free(bench);
}

static void verifies_the_address(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        long status;
        const char *answer;
    } cases[] = {
        {"?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=r4nd0m", 200, "1158201444"},
        {"?hub.verify_token=r4nd0%6d&hub.challenge=a-b&hub.mode=subscribe", 200, "a-b"},
        {"?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong", 403, "forbidden\n"},
        {"?hub.mode=subscribe&hub.verify_token=r4nd0m", 400, "bad request\n"},
        {"?hub.mode=subscribe&hub.challenge=%3Cb%3E&hub.verify_token=r4nd0m", 400, "bad request\n"},
        {"", 403, "forbidden\n"},
    };
    struct bench *bench = bench_new();
    bench_start(bench);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s%s", HOOK, cases[i].query);
        struct exchange *exchange = exchange_new(bench->hooks, path);
        long status = exchange_run(exchange);
        if (status != cases[i].status)
            fail_msg("case %zu: %ld, expected %ld", i, status, cases[i].status);
        assert_str(buf_peek(&exchange->answer), str_of(cases[i].answer));
        assert_true(exchange_has_header(exchange, "Content-Type: text/plain"));
        exchange_free(exchange);
    }
    assert_bus_is_empty(bench);
    bench_stop_cleanly(bench);
    bench_free(bench);
}

static void bounds_the_body(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        bool chunked;
        long status;
    } cases[] = {
        {MAX_BODY, false, 200},    {MAX_BODY, true, 200},     {MAX_BODY + 1, false, 413},
        {MAX_BODY + 1, true, 413}, {4 * MAX_BODY, true, 413}, {4 * MIB, false, 413},
    };
    struct bench *bench = bench_new();
    bench->conf.archive_raw = false;
    bench_start(bench);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *bytes = xmalloc(cases[i].bytes);
        memset(bytes, 'x', cases[i].bytes);
        struct exchange *exchange = exchange_new(bench->hooks, HOOK);
        exchange_signed_body(exchange, (struct str){bytes, cases[i].bytes});
        if (cases[i].chunked)
            exchange_header(exchange, "Transfer-Encoding: chunked");
        long status = exchange_run(exchange);
        if (status != cases[i].status)
            fail_msg("case %zu: %ld, expected %ld", i, status, cases[i].status);
        exchange_free(exchange);
        free(bytes);
    }
    assert_int_equal(read_topic(bench, BUS_DEADLETTER, NULL, NULL), 2);
    assert_int_equal(read_topic(bench, BUS_RECORDS, NULL, NULL), 0);
    bench_stop_cleanly(bench);
    bench_free(bench);
}

/* ---- dead letters ---- */

static void check_letter(void *context, const struct bus_message *message)
{
    const struct str *body = context;
    struct deadletter letter;
    deadletter_from_message(message, &letter);
    assert_str(letter.payload, *body);
    assert_str(letter.stage, STR_LIT("parse"));
    assert_str(letter.reason, str_of(reject_code_name(REJECT_JSON_SYNTAX)));
    assert_str(letter.tenant, STR_LIT("acme"));
    assert_str(letter.connector, STR_LIT("wa-main"));
    assert_true(str_starts_with(letter.origin, "webhook/"));
    assert_true(letter.first_seen_us != TIME_NONE);
}

static void keeps_what_cannot_be_read(void **state)
{
    (void)state;
    const struct str bodies[] = {STR_LIT("{\"object\":"), STR_LIT(""), STR_LIT("\0\xff{"),
                                 STR_LIT("not json")};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct bench *bench = bench_new();
        struct str body = bodies[i];
        bench_start(bench);
        assert_int_equal(post_signed(bench, body), 200);
        assert_int_equal(read_topic(bench, BUS_DEADLETTER, check_letter, &body), 1);
        assert_int_equal(read_topic(bench, BUS_RECORDS, NULL, NULL), 0);
        assert_int_equal(read_topic(bench, BUS_RAW, NULL, NULL), 1);
        bench_stop_cleanly(bench);
        bench_free(bench);
    }
}

/* ---- a bus that cannot take it ---- */

static void says_try_later_when_the_disk_is_full(void **state)
{
    (void)state;
    char text[BODY_BYTES];
    struct bench *bench = bench_new();
    bench->file_bytes = 512 * KIB;
    bench_start(bench);
    unsigned stored = 0, refused = 0;
    for (unsigned i = 0; i < 2000 && refused < 3; i++) {
        struct exchange *exchange = exchange_new(bench->hooks, HOOK);
        exchange_signed_body(exchange, (struct str){text, make_body(text, i)});
        long status = exchange_run(exchange);
        if (status == 200) {
            stored++;
        } else {
            assert_int_equal(status, 503);
            assert_true(exchange_has_header(exchange, "Retry-After: "));
            refused++;
        }
        exchange_free(exchange);
    }
    assert_int_equal(refused, 3);
    assert_true(stored > 0);
    (void)bench_stop(bench, SIGTERM);
    assert_true(read_topic(bench, BUS_RAW, NULL, NULL) >= stored);
    bench_free(bench);
}

/* Another process holds the write lock: nothing can be confirmed, memory must not grow. */
static void says_try_later_when_the_bus_is_stuck(void **state)
{
    (void)state;
    char text[BODY_BYTES];
    struct bench *bench = bench_new();
    bench_start(bench);
    struct exchange *exchange = exchange_new(bench->hooks, HOOK);
    exchange_signed_body(exchange, (struct str){text, make_body(text, 1)});
    sqlite3 *lock = NULL;
    assert_int_equal(sqlite3_open(bench->bus_path, &lock), SQLITE_OK);
    assert_int_equal(sqlite3_exec(lock, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(exchange_run(exchange), 503);
    assert_true(exchange_has_header(exchange, "Retry-After: "));
    assert_int_equal(sqlite3_exec(lock, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(lock);
    assert_int_equal(exchange_run(exchange), 200);
    exchange_free(exchange);
    bench_stop_cleanly(bench);
    bench_free(bench);
}

/* The bus's queue (64 MiB) is full before the memory for bodies is. */
static void says_try_later_when_the_queue_is_full(void **state)
{
    (void)state;
    enum { COUNT = 200, TEXT_BYTES = 200 * 1024 };
    struct exchange *exchanges[COUNT];
    struct bench *bench = bench_new();
    bench_start(bench);
    assert_int_equal(post_signed(bench, STR_LIT("{}")), 200);
    sqlite3 *lock = NULL;
    assert_int_equal(sqlite3_open(bench->bus_path, &lock), SQLITE_OK);
    assert_int_equal(sqlite3_exec(lock, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    CURLM *multi = curl_multi_init();
    for (unsigned i = 0; i < COUNT; i++) {
        struct str body = make_large_body(i, TEXT_BYTES);
        exchanges[i] = exchange_new(bench->hooks, HOOK);
        exchange_signed_body(exchanges[i], body);
        free((void *)(uintptr_t)body.p);
        (void)curl_multi_add_handle(multi, exchanges[i]->curl);
    }
    bool locked = true;
    for (int running = COUNT; running > 0;) {
        (void)curl_multi_perform(multi, &running);
        if (running < COUNT && locked) {
            assert_int_equal(sqlite3_exec(lock, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
            locked = false;
        }
        (void)curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    size_t stored = 0, busy = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        stored += exchange_status(exchanges[i]) == 200;
        busy += exchange_status(exchanges[i]) == 503 &&
                exchange_has_header(exchanges[i], "Retry-After: 1\r");
        (void)curl_multi_remove_handle(multi, exchanges[i]->curl);
        exchange_free(exchanges[i]);
    }
    (void)curl_multi_cleanup(multi);
    (void)sqlite3_close(lock);
    assert_int_equal(stored + busy, COUNT);
    assert_true(stored > 0);
    assert_true(busy > 0);
    bench_stop_cleanly(bench);
    assert_int_equal(read_topic(bench, BUS_RAW, NULL, NULL), stored + 1);
    bench_free(bench);
}

/* ---- a set that the bus can never take ---- */

static void expect_publish_letter(void *context, const struct bus_message *message)
{
    struct deadletter letter;
    deadletter_from_message(message, &letter);
    assert_str(letter.payload, *(const struct str *)context);
    assert_str(letter.stage, STR_LIT("publish"));
    assert_str(letter.reason, STR_LIT("too_large"));
}

static void make_narrow_topic(const struct bench *bench, enum bus_topic topic, const char *bytes)
{
    char name[BUS_TOPIC_NAME_BYTES], why[256];
    bus_topic_name(&bench->bus, topic, name);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(
        rd_kafka_conf_set(conf, "bootstrap.servers", bench->bus.brokers, why, sizeof why),
        RD_KAFKA_CONF_OK);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    assert_non_null(client);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(name, 1, 1, why, sizeof why);
    assert_int_equal(rd_kafka_NewTopic_set_config(wanted, "max.message.bytes", bytes), 0);
    rd_kafka_CreateTopics(client, &wanted, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 20000);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), 0);
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(wanted);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}

/* The brokers' limit for records is smaller than a record, that for dead letters is not. */
static void keeps_a_body_that_the_bus_refuses(void **state)
{
    (void)state;
    const struct bus_property plain = {"compression.type", "none"};
    struct bench *bench = bench_new();
    bench->bus.properties = &plain;
    bench->bus.property_count = 1;
    make_narrow_topic(bench, BUS_RECORDS, "5000");
    bench_start(bench);
    struct str body = make_large_body(1, 10000);
    assert_int_equal(post_signed(bench, body), 200);
    assert_int_equal(read_topic(bench, BUS_DEADLETTER, expect_publish_letter, &body), 1);
    free((void *)(uintptr_t)body.p);
    bench_stop_cleanly(bench);
    bench_free(bench);
}

/* ---- a bus that comes later ---- */

/* A process that has the file for itself: it is not in WAL mode yet. */
static pid_t hold_file(const struct bench *bench)
{
    int ends[2];
    char held = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sqlite3 *db = NULL;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (sqlite3_open(bench->bus_path, &db) != SQLITE_OK ||
            sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK ||
            write(ends[1], "!", 1) != 1)
            _exit(1);
        for (;;)
            (void)pause();
    }
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &held, 1), 1);
    (void)close(ends[0]);
    return pid;
}

static void waits_for_the_bus(void **state)
{
    (void)state;
    char text[BODY_BYTES];
    struct bench *bench = bench_new();
    pid_t holder = hold_file(bench);
    bench_fork(bench);
    await_line(bench, "msg=\"the bus is away", NULL);
    assert_int_equal(kill(holder, SIGKILL), 0);
    assert_int_equal(waitpid(holder, NULL, 0), holder);
    await_line(bench, "msg=\"taking webhooks\"", bench);
    assert_int_equal(post_signed(bench, (struct str){text, make_body(text, 1)}), 200);
    bench_stop_cleanly(bench);
    bench_free(bench);
}

/* ---- nothing acknowledged is lost ---- */

#define LOAD_MOST 20000
#define LOAD_WIDTH 32

struct load {
    struct bench *bench;
    CURLM *multi;
    struct exchange *exchanges[LOAD_WIDTH];
    unsigned next;
    unsigned acknowledged;
    bool stored[LOAD_MOST]; /* answered 200 */
    bool found[LOAD_MOST];  /* on the bus */
};

static void load_send(struct load *load, size_t slot)
{
    char text[BODY_BYTES];
    struct exchange *exchange = exchange_new(load->bench->hooks, HOOK);
    exchange->number = load->next++;
    exchange_signed_body(exchange, (struct str){text, make_body(text, exchange->number)});
    load->exchanges[slot] = exchange;
    (void)curl_multi_add_handle(load->multi, exchange->curl);
}

static void load_end(struct load *load, size_t slot)
{
    (void)curl_multi_remove_handle(load->multi, load->exchanges[slot]->curl);
    exchange_free(load->exchanges[slot]);
    load->exchanges[slot] = NULL;
}

static bool load_collect(struct load *load)
{
    int left;
    bool failed = false;
    for (CURLMsg *message; (message = curl_multi_info_read(load->multi, &left)) != NULL;) {
        struct exchange *exchange = NULL;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
        size_t slot = 0;
        while (load->exchanges[slot] != exchange)
            slot++;
        if (message->data.result == CURLE_OK && exchange_status(exchange) == 200) {
            load->stored[exchange->number] = true;
            load->acknowledged++;
        } else {
            failed = true;
        }
        load_end(load, slot);
    }
    return failed;
}

/* Keeps LOAD_WIDTH requests in flight; sends the signal after so many acknowledgements and ends
 * when the server is gone. */
static void load_run(struct load *load, unsigned until, int signal_number)
{
    unsigned target = load->acknowledged + until;
    bool signalled = false, failed = false;
    load->multi = curl_multi_init();
    for (int running = 1; running > 0 || !(failed || load->next == LOAD_MOST);) {
        for (size_t slot = 0; slot < LOAD_WIDTH && !failed && load->next < LOAD_MOST; slot++)
            if (load->exchanges[slot] == NULL)
                load_send(load, slot);
        (void)curl_multi_perform(load->multi, &running);
        failed |= load_collect(load);
        if (load->acknowledged >= target && !signalled) {
            signalled = true;
            assert_int_equal(kill(load->bench->pid, signal_number), 0);
        }
        (void)curl_multi_poll(load->multi, NULL, 0, 20, NULL);
    }
    (void)load_collect(load);
    for (size_t slot = 0; slot < LOAD_WIDTH; slot++)
        if (load->exchanges[slot] != NULL)
            load_end(load, slot);
    (void)curl_multi_cleanup(load->multi);
    assert_true(signalled);
}

static void mark_found(void *context, const struct bus_message *message)
{
    struct load *load = context;
    static const char mark[] = "wamid.TEST";
    const char *at = memmem(message->value.p, message->value.n, mark, sizeof mark - 1);
    if (at == NULL)
        return;
    unsigned long number = strtoul(at + sizeof mark - 1, NULL, 10);
    assert_true(number < LOAD_MOST);
    load->found[number] = true;
}

static void assert_all_stored(struct load *load, enum bus_topic topic)
{
    memset(load->found, 0, sizeof load->found);
    (void)read_topic(load->bench, topic, mark_found, load);
    for (unsigned i = 0; i < load->next; i++)
        if (load->stored[i] && !load->found[i])
            fail_msg("body %u was answered 200 and is not on topic %d", i, (int)topic);
}

static void loses_nothing_when_killed(void **state)
{
    (void)state;
    struct load *load = xcalloc(1, sizeof *load);
    load->bench = bench_new();
    for (unsigned round = 0; round < 3; round++) {
        bench_start(load->bench);
        load_run(load, 300 + 100 * round, SIGKILL);
        int status = 0;
        assert_int_equal(waitpid(load->bench->pid, &status, 0), load->bench->pid);
        assert_true(WIFSIGNALED(status));
    }
    assert_true(load->acknowledged >= 1200);
    assert_all_stored(load, BUS_RECORDS);
    assert_all_stored(load, BUS_RAW);
    bench_free(load->bench);
    free(load);
}

static void loses_nothing_when_stopped(void **state)
{
    (void)state;
    struct load *load = xcalloc(1, sizeof *load);
    load->bench = bench_new();
    bench_start(load->bench);
    load_run(load, 500, SIGTERM);
    int status = 0;
    assert_int_equal(waitpid(load->bench->pid, &status, 0), load->bench->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_all_stored(load, BUS_RECORDS);
    bench_free(load->bench);
    free(load);
}

static void takes_512_connections_at_once(void **state)
{
    (void)state;
    enum { COUNT = 512 };
    struct exchange *exchanges[COUNT];
    char text[BODY_BYTES];
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    struct bench *bench = bench_new();
    bench_start(bench);
    CURLM *multi = curl_multi_init();
    for (unsigned i = 0; i < COUNT; i++) {
        exchanges[i] = exchange_new(bench->hooks, HOOK);
        exchange_signed_body(exchanges[i], (struct str){text, make_body(text, i)});
        (void)curl_multi_add_handle(multi, exchanges[i]->curl);
    }
    for (int running = 1; running > 0;) {
        (void)curl_multi_perform(multi, &running);
        (void)curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(exchange_status(exchanges[i]), 200);
        (void)curl_multi_remove_handle(multi, exchanges[i]->curl);
        exchange_free(exchanges[i]);
    }
    (void)curl_multi_cleanup(multi);
    assert_int_equal(read_topic(bench, BUS_RAW, NULL, NULL), COUNT);
    bench_stop_cleanly(bench);
    bench_free(bench);
}

/* ---- connections ---- */

static int connect_to(const char *address)
{
    unsigned port = (unsigned)strtoul(strrchr(address, ':') + 1, NULL, 10);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void send_text(int fd, struct str text)
{
    assert_int_equal(write(fd, text.p, text.n), text.n);
}

/* Reads until so many answers have begun or the other side has closed; false: neither in time. */
static bool read_answers(int fd, size_t answers, int timeout_ms, size_t *found_out)
{
    struct buf got;
    buf_init(&got, MIB);
    *found_out = 0;
    bool ended = false;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (!ended && *found_out < answers && poll(&ready, 1, timeout_ms) > 0) {
        char piece[4096];
        ssize_t n = read(fd, piece, sizeof piece);
        ended = n <= 0;
        if (n > 0)
            assert_true(buf_add(&got, piece, (size_t)n));
        *found_out = 0;
        for (const char *at = got.p, *end = at + got.n; at != NULL;) {
            at = memmem(at, (size_t)(end - at), "HTTP/1.1 200", 12);
            if (at != NULL)
                ++*found_out, at++;
        }
    }
    buf_done(&got);
    return ended || *found_out >= answers;
}

static void takes_pipelined_requests(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    struct buf requests;
    buf_init(&requests, MIB);
    bench_start(bench);
    for (unsigned i = 0; i < 5; i++) {
        char text[BODY_BYTES], header[128];
        struct str body = {text, make_body(text, i)};
        sign(body, header);
        assert_true(buf_printf(&requests,
                               "POST " HOOK " HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n"
                               "%s\r\n\r\n%.*s",
                               body.n, header, STR_ARGS(body)));
    }
    int fd = connect_to(bench->hooks);
    size_t answers;
    send_text(fd, buf_peek(&requests));
    assert_true(read_answers(fd, 5, 10000, &answers));
    assert_int_equal(answers, 5);
    send_text(fd, buf_peek(&requests)); /* the connection was kept */
    assert_true(read_answers(fd, 5, 10000, &answers));
    assert_int_equal(answers, 5);
    (void)close(fd);
    buf_done(&requests);
    assert_int_equal(read_topic(bench, BUS_RAW, NULL, NULL), 10);
    bench_stop_cleanly(bench);
    bench_free(bench);
}

/* libmicrohttpd asks for 128 events at a time, and its own threads wait for more when they get just
 * as many. */
static void answers_128_requests_at_once(void **state)
{
    (void)state;
    enum { COUNT = 128 };
    int fds[COUNT];
    size_t answers;
    const struct str request =
        STR_LIT("GET " HOOK "?hub.mode=subscribe&hub.verify_token=r4nd0m&hub.challenge=1 "
                "HTTP/1.1\r\nHost: test\r\n\r\n");
    struct bench *bench = bench_new();
    bench->conf.threads = 1;
    bench_start(bench);
    for (size_t i = 0; i < COUNT; i++) {
        fds[i] = connect_to(bench->hooks);
        send_text(fds[i], request);
        assert_true(read_answers(fds[i], 1, 5000, &answers));
    }
    assert_int_equal(kill(bench->pid, SIGSTOP), 0);
    for (size_t i = 0; i < COUNT; i++)
        send_text(fds[i], request);
    assert_int_equal(kill(bench->pid, SIGCONT), 0);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(read_answers(fds[i], 1, 5000, &answers));
        assert_int_equal(answers, 1);
        (void)close(fds[i]);
    }
    bench_stop_cleanly(bench);
    bench_free(bench);
}

static void gives_up_on_slow_senders(void **state)
{
    (void)state;
    static const char *const beginnings[] = {
        "", "POST " HOOK " HTTP/1.1\r\nHost: te",
        "POST " HOOK " HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nhalf"};
    struct bench *bench = bench_new();
    bench->conf.idle_timeout_s = 1;
    bench_start(bench);
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        int fd = connect_to(bench->hooks);
        size_t answers;
        send_text(fd, str_of(beginnings[i]));
        assert_true(read_answers(fd, 1, 8000, &answers));
        assert_int_equal(answers, 0);
        (void)close(fd);
    }
    assert_bus_is_empty(bench);
    bench_stop_cleanly(bench);
    bench_free(bench);
}

/* ---- the admin side ---- */

static long admin_get(const struct bench *bench, const char *path, bool head, struct buf *answer)
{
    struct exchange *exchange = exchange_new(bench->admin, path);
    (void)curl_easy_setopt(exchange->curl, CURLOPT_NOBODY, head ? 1L : 0L);
    long status = exchange_run(exchange);
    if (answer != NULL)
        assert_true(buf_add_str(answer, buf_peek(&exchange->answer)));
    exchange_free(exchange);
    return status;
}

static void shows_health_and_metrics(void **state)
{
    (void)state;
    char text[BODY_BYTES];
    struct bench *bench = bench_new();
    struct buf metrics;
    buf_init(&metrics, MIB);
    bench_start(bench);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(post_signed(bench, (struct str){text, make_body(text, i)}), 200);
    assert_int_equal(post_signed(bench, STR_LIT("[")), 200);
    assert_int_equal(admin_get(bench, "/healthz", false, NULL), 200);
    assert_int_equal(admin_get(bench, "/readyz", false, NULL), 200);
    assert_int_equal(admin_get(bench, "/readyz", true, NULL), 200);
    assert_int_equal(admin_get(bench, "/hooks/acme/wa-main", false, NULL), 404);
    assert_int_equal(admin_get(bench, "/metrics", false, &metrics), 200);
    static const char *const lines[] = {
        "sluice_receive_requests_total{tenant=\"acme\",connector=\"wa-main\",verdict=\"stored\"} "
        "4\n",
        "sluice_receive_rejects_total{reason=\"json_syntax\"} 1\n",
        "sluice_receive_acknowledge_seconds_count 4\n",
        "sluice_receive_unconfirmed_requests 0\n",
        "sluice_receive_body_bytes 0\n",
        "sluice_receive_ready 1\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (memmem(metrics.p, metrics.n, lines[i], strlen(lines[i])) == NULL)
            fail_msg("no line %s in\n%.*s", lines[i], STR_ARGS(buf_peek(&metrics)));
    FILE *promtool = popen("promtool check metrics", "w");
    assert_non_null(promtool);
    assert_int_equal(fwrite(metrics.p, 1, metrics.n, promtool), metrics.n);
    assert_int_equal(pclose(promtool), 0);
    buf_done(&metrics);
    bench_stop_cleanly(bench);
    bench_free(bench);
}

static void says_why_it_cannot_start(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    struct err err;
    bench->conf.listen = "nowhere";
    assert_int_equal(receive_run(&bench->conf, &bench->bus, &err), RC_FATAL);
    assert_non_null(strstr(err.msg, "host:port"));
    bench_start((configure(bench), bench));
    bench->conf.listen = bench->hooks;
    assert_int_equal(receive_run(&bench->conf, &bench->bus, &err), RC_FATAL);
    assert_non_null(strstr(err.msg, "another program has this port"));
    bench_stop_cleanly(bench);
    bench_free(bench);
}

static int test_embedded(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stores_exactly_what_the_body_says),
        cmocka_unit_test(refuses_without_storing),
        cmocka_unit_test(verifies_the_address),
        cmocka_unit_test(bounds_the_body),
        cmocka_unit_test(keeps_what_cannot_be_read),
        cmocka_unit_test(says_try_later_when_the_disk_is_full),
        cmocka_unit_test(says_try_later_when_the_bus_is_stuck),
        cmocka_unit_test(says_try_later_when_the_queue_is_full),
        cmocka_unit_test(waits_for_the_bus),
        cmocka_unit_test(loses_nothing_when_killed),
        cmocka_unit_test(loses_nothing_when_stopped),
        cmocka_unit_test(takes_512_connections_at_once),
        cmocka_unit_test(takes_pipelined_requests),
        cmocka_unit_test(answers_128_requests_at_once),
        cmocka_unit_test(gives_up_on_slow_senders),
        cmocka_unit_test(shows_health_and_metrics),
        cmocka_unit_test(says_why_it_cannot_start),
    };
    kind_tested = BUS_EMBEDDED;
    return cmocka_run_group_tests_name("webhooks to the embedded bus", tests, NULL, NULL);
}

static int test_kafka(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stores_exactly_what_the_body_says),
        cmocka_unit_test(keeps_what_cannot_be_read),
        cmocka_unit_test(keeps_a_body_that_the_bus_refuses),
        cmocka_unit_test(loses_nothing_when_killed),
        cmocka_unit_test(loses_nothing_when_stopped),
        cmocka_unit_test(takes_512_connections_at_once),
        cmocka_unit_test(takes_pipelined_requests),
        cmocka_unit_test(shows_health_and_metrics),
    };
    kind_tested = BUS_KAFKA;
    return cmocka_run_group_tests_name("webhooks to kafka", tests, NULL, NULL);
}

int main(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return 1;
    int failed = test_embedded();
    if (kafka_wanted())
        failed += test_kafka();
    curl_global_cleanup();
    return failed;
}
