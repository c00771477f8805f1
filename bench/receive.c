/* receive: the webhook endpoint with durable acknowledgement against the same server that answers
 * after the HMAC with nothing stored, in one run.
 *
 *     build/bench/receive [--quick] [--kafka BROKERS] [--connections N] [--folder DIR]
 *
 * The load is signed WhatsApp bodies of 800 bytes over 256 kept connections: first as fast as they
 * are answered, then at half that rate, where latency counts from when a request was due. The floor
 * runs before and after. Prints a table, and as last line one JSON object. DIR (var/bench) must be
 * on the disk that is to be measured; Kafka keeps the topics bench-<pid>.*. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/http_load.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/digest.h"
#include "lib/hex.h"
#include "lib/limits.h"

#define SECRET "3f1c9a7e5b2d4c6f8a0b1c2d3e4f5a6b"
#define ACCOUNT "402117396318254"
#define BODY_BYTES 800
#define REQUESTS 20000
#define PEOPLE 1000
#define GENERATOR_THREADS 2
#define START_US (15 * US_PER_SECOND)

extern char **environ;

struct bench {
    char programs[PATH_MAX]; /* the build folder */
    char folder[PATH_MAX];
    const char *brokers; /* NULL = embedded alone */
    int connections;
    double warm_up_s, seconds;
    struct str requests[REQUESTS];
};

struct server {
    const char *name;
    pid_t pid;
    uint16_t port, admin_port;
};

struct figures {
    struct http_load_result full, half;
    double rss_mib;
    double cpu_us;     /* of the server, for each request at full load */
    double commits;    /* for each request; 0 = not told */
    double disk_bytes; /* for each request; 0 = not ours */
};

static void fail(const char *what, const char *name)
{
    (void)fprintf(stderr, "receive: %s %s: %m\n", what, name);
    exit(1);
}

/* ---- the load ---- */

static void put_text(struct buf *body, unsigned number)
{
    for (unsigned word = 0; body->n < BODY_BYTES; word++)
        if (!buf_printf(body, "%x ", (number + 1) * 2654435761U * (word + 1)))
            fail("cannot make", "a body");
    body->n = BODY_BYTES;
}

/* What follows the text is cut to size before, so that every body has the same. */
static void make_body(struct buf *body, unsigned number)
{
    static const char end[] = "\"},\"type\":\"text\"}]},\"field\":\"messages\"}]}]}";
    unsigned person = number * 7919 % PEOPLE;
    buf_reset(body);
    bool made = buf_printf(
        body,
        "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"318845207461093\","
        "\"changes\":[{\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":"
        "{\"display_phone_number\":\"576015550142\",\"phone_number_id\":\"" ACCOUNT "\"},"
        "\"contacts\":[{\"profile\":{\"name\":\"Persona %u\"},\"wa_id\":\"57300555%04u\"}],"
        "\"messages\":[{\"from\":\"57300555%04u\",\"id\":\"wamid.HBgMNTczMDA1NTUwMTc4FQIAEhg%08X\","
        "\"timestamp\":\"%u\",\"text\":{\"body\":\"Buenas tardes ",
        person, person, person, number, 1763650800U + number);
    if (!made)
        fail("cannot make", "a body");
    put_text(body, number);
    memcpy(body->p + BODY_BYTES - (sizeof end - 1), end, sizeof end - 1);
}

static struct str make_request(struct str body, struct hmac *hmac)
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    char hex[2 * DIGEST_SHA256_BYTES + 1];
    struct buf request;
    buf_init(&request, MIB);
    hmac_sha256(hmac, body, digest);
    hex_encode(digest, sizeof digest, hex);
    if (!buf_printf(&request,
                    "POST /hooks/acme/wa-main HTTP/1.1\r\nHost: bench\r\nContent-Type: "
                    "application/json\r\nX-Hub-Signature-256: sha256=%s\r\nContent-Length: "
                    "%zu\r\n\r\n%.*s",
                    hex, body.n, STR_ARGS(body)))
        fail("cannot make", "a request");
    return buf_peek(&request);
}

static void make_requests(struct bench *bench)
{
    struct buf body;
    struct hmac *hmac = hmac_new(STR_LIT(SECRET));
    buf_init(&body, 2 * KIB);
    for (unsigned i = 0; i < REQUESTS; i++) {
        make_body(&body, i);
        bench->requests[i] = make_request(buf_peek(&body), hmac);
    }
    buf_done(&body);
    hmac_free(&hmac);
}

static struct http_load_result load(const struct bench *bench, const struct server *server,
                                    double seconds, double per_second)
{
    struct http_load_result result;
    const struct http_load_conf conf = {.port = server->port,
                                        .requests = bench->requests,
                                        .request_count = REQUESTS,
                                        .connections = bench->connections,
                                        .threads = GENERATOR_THREADS,
                                        .seconds = seconds,
                                        .per_second = per_second};
    http_load_run(&conf, &result);
    if (result.refused + result.broken > 0)
        (void)fprintf(stderr, "receive: %s answered %llu requests, refused %llu, dropped %llu\n",
                      server->name, (unsigned long long)result.answered,
                      (unsigned long long)result.refused, (unsigned long long)result.broken);
    return result;
}

/* ---- servers ---- */

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = loopback(0);
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &n) != 0)
        fail("cannot find", "a free port");
    (void)close(fd);
    return ntohs(address.sin_port);
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static void await(const struct server *server)
{
    int fd;
    int64_t until_us = clock_monotonic_us() + START_US;
    while ((fd = connect_to(server->port)) < 0) {
        if (clock_monotonic_us() > until_us || waitpid(server->pid, NULL, WNOHANG) != 0)
            fail("cannot start", server->name);
        (void)usleep(20000);
    }
    (void)close(fd);
}

static void start(struct server *server, const char *program, char *const argv[])
{
    posix_spawn_file_actions_t actions;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    errno = posix_spawn(&server->pid, program, &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (errno != 0)
        fail("cannot run", program);
    await(server);
}

static void stop(const struct server *server)
{
    int status = 0;
    (void)kill(server->pid, SIGTERM);
    if (waitpid(server->pid, &status, 0) != server->pid || status != 0)
        fail("did not end well:", server->name);
}

static void start_floor(const struct bench *bench, struct server *server)
{
    char program[PATH_MAX + 32], address[32];
    *server = (struct server){.name = "floor", .port = free_port()};
    (void)snprintf(program, sizeof program, "%s/bench/receive_floor", bench->programs);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", server->port);
    char secret[] = SECRET, name[] = "receive_floor";
    char *argv[] = {name, address, secret, NULL};
    start(server, program, argv);
}

static void write_pipeline(const struct bench *bench, const struct server *server,
                           const char *brokers, const char *path)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        fail("cannot write", path);
    (void)fprintf(file, "database: { url: \"postgresql:///unused\" }\nbus:\n");
    if (brokers != NULL)
        (void)fprintf(file, "  kind: kafka\n  brokers: \"%s\"\n  topic_prefix: bench-%d\n", brokers,
                      (int)getpid());
    else
        (void)fprintf(file, "  kind: embedded\n  path: %s/bus.db\n", bench->folder);
    (void)fprintf(file,
                  "receive: { listen: \"127.0.0.1:%u\", admin: \"127.0.0.1:%u\" }\n"
                  "tenants:\n  - slug: acme\n    name: ACME\n    timezone: America/Bogota\n"
                  "    connectors:\n      - { name: wa-main, channel: whatsapp, account: \"" ACCOUNT
                  "\", verify_token: bench, app_secrets: [\"" SECRET "\"] }\n",
                  server->port, server->admin_port);
    if (fclose(file) != 0)
        fail("cannot write", path);
}

static void start_receive(const struct bench *bench, struct server *server, const char *brokers)
{
    char program[PATH_MAX + 32], path[PATH_MAX + 32];
    *server = (struct server){.name = brokers != NULL ? "kafka" : "embedded",
                              .port = free_port(),
                              .admin_port = free_port()};
    (void)snprintf(program, sizeof program, "%s/sluice", bench->programs);
    (void)snprintf(path, sizeof path, "%s/pipeline.yaml", bench->folder);
    write_pipeline(bench, server, brokers, path);
    char name[] = "sluice", option[] = "-p", verb[] = "receive";
    char *argv[] = {name, option, path, verb, NULL};
    start(server, program, argv);
}

/* ---- what the server used ---- */

static double cpu_seconds(const struct server *server)
{
    char path[64], text[1024] = "";
    unsigned long user = 0, kernel = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)server->pid);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(text, sizeof text, file) == NULL ||
        sscanf(strrchr(text, ')'), ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user,
               &kernel) != 2)
        fail("cannot read", path);
    (void)fclose(file);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static double peak_mib(const struct server *server)
{
    char path[64], line[256];
    unsigned long kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)server->pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail("cannot read", path);
    while (kib == 0 && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "VmHWM: %lu", &kib);
    (void)fclose(file);
    return (double)kib / 1024;
}

static double commits(const struct server *server)
{
    static const char request[] =
        "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
    static const char name[] = "\nsluice_bus_commits_total ";
    char piece[4096];
    struct buf answer;
    int fd = server->admin_port != 0 ? connect_to(server->admin_port) : -1;
    if (fd < 0)
        return 0;
    buf_init(&answer, MIB);
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0)
        fail("cannot ask", "for metrics");
    for (ssize_t n; (n = recv(fd, piece, sizeof piece, 0)) > 0;)
        (void)!buf_add(&answer, piece, (size_t)n);
    (void)close(fd);
    (void)!buf_add(&answer, "", 1);
    const char *at = answer.p != NULL ? strstr(answer.p, name) : NULL;
    double count = at != NULL ? strtod(at + sizeof name - 1, NULL) : 0;
    buf_done(&answer);
    return count;
}

static double bus_file_bytes(const struct bench *bench)
{
    char path[PATH_MAX + 32];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/bus.db", bench->folder);
    return stat(path, &info) == 0 ? (double)info.st_size : 0;
}

/* ---- measuring ---- */

static void measure(const struct bench *bench, const struct server *server, bool half,
                    struct figures *figures_out)
{
    struct figures figures = {0};
    uint64_t warm = load(bench, server, bench->warm_up_s, 0).answered;
    double cpu = cpu_seconds(server);
    figures.full = load(bench, server, bench->seconds, 0);
    double answered = (double)figures.full.answered;
    figures.cpu_us = (cpu_seconds(server) - cpu) * 1e6 / answered;
    figures.commits = commits(server) / (answered + (double)warm);
    figures.disk_bytes = bus_file_bytes(bench) / (answered + (double)warm);
    if (half)
        figures.half = load(bench, server, bench->seconds, figures.full.per_second / 2);
    figures.rss_mib = peak_mib(server);
    *figures_out = figures;
}

static void measure_floor(const struct bench *bench, struct figures *figures_out)
{
    struct server server;
    start_floor(bench, &server);
    measure(bench, &server, false, figures_out);
    stop(&server);
}

static void remove_bus(const struct bench *bench)
{
    static const char *const names[] = {"bus.db", "bus.db-wal", "bus.db-shm", "pipeline.yaml"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_MAX + 32];
        (void)snprintf(path, sizeof path, "%s/%s", bench->folder, names[i]);
        (void)unlink(path);
    }
}

static void measure_receive(const struct bench *bench, const char *brokers,
                            struct figures *figures_out)
{
    struct server server;
    remove_bus(bench);
    start_receive(bench, &server, brokers);
    measure(bench, &server, true, figures_out);
    stop(&server);
    remove_bus(bench);
}

/* ---- report ---- */

static void print_row(const char *name, const struct figures *figures, double floor)
{
    printf("| %-8s | %10.0f | %5.2f | %7.2f | %7.2f | %12.2f | %7.1f | %6.1f | %15.4f | %9.0f |\n",
           name, figures->full.per_second, figures->full.per_second / floor, figures->full.p50_ms,
           figures->full.p99_ms, figures->half.p99_ms, figures->rss_mib, figures->cpu_us,
           figures->commits, figures->disk_bytes);
}

static void report(const struct bench *bench, const struct figures *floors,
                   const struct figures *embedded, const struct figures *kafka)
{
    double floor = (floors[0].full.per_second + floors[1].full.per_second) / 2;
    printf("%d connections, bodies of %d bytes\n\n", bench->connections, BODY_BYTES);
    printf(
        "| server   | requests/s | ratio | p50 ms  | p99 ms  | p99 ms, half | RSS MiB | CPU us | "
        "commits/request | disk B    |\n"
        "|----------|------------|-------|---------|---------|--------------|---------|--------|-"
        "----------------|-----------|\n");
    print_row("floor", &floors[0], floor);
    print_row("embedded", embedded, floor);
    if (bench->brokers != NULL)
        print_row("kafka", kafka, floor);
    print_row("floor", &floors[1], floor);
    char kafka_ratio[32] = "null";
    if (bench->brokers != NULL)
        (void)snprintf(kafka_ratio, sizeof kafka_ratio, "%.3f", kafka->full.per_second / floor);
    printf("{\"bench\":\"receive\",\"ratio_embedded\":%.3f,\"ratio_kafka\":%s,"
           "\"requests_per_s\":%.0f,\"p99_ms\":%.2f,\"rss_mib\":%.1f}\n",
           embedded->full.per_second / floor, kafka_ratio, embedded->full.per_second,
           embedded->half.p99_ms, embedded->rss_mib);
}

/* ---- start ---- */

static void find_programs(struct bench *bench)
{
    ssize_t n = readlink("/proc/self/exe", bench->programs, sizeof bench->programs - 1);
    if (n < 0)
        fail("cannot find", "the build folder");
    bench->programs[n] = '\0';
    for (int i = 0; i < 2; i++)
        *strrchr(bench->programs, '/') = '\0';
}

static void make_folder(struct bench *bench, const char *folder)
{
    if ((mkdir("var", 0700) != 0 && errno != EEXIST) ||
        (mkdir(folder, 0700) != 0 && errno != EEXIST) || realpath(folder, bench->folder) == NULL)
        fail("cannot use the folder", folder);
}

static bool take_option(struct bench *bench, const char **folder, const char *name, char *value)
{
    if (value == NULL)
        return false;
    if (strcmp(name, "--kafka") == 0)
        bench->brokers = value;
    else if (strcmp(name, "--connections") == 0)
        bench->connections = (int)strtol(value, NULL, 10);
    else if (strcmp(name, "--folder") == 0)
        *folder = value;
    else
        return false;
    return bench->connections >= GENERATOR_THREADS;
}

int main(int argc, char **argv)
{
    static struct bench bench = {.connections = 256, .warm_up_s = 2, .seconds = 30};
    const char *folder = "var/bench";
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            bench.warm_up_s = 1;
            bench.seconds = 7;
        } else if (!take_option(&bench, &folder, argv[i], argv[i + 1])) {
            (void)fputs("usage: receive [--quick] [--kafka BROKERS] [--connections N] "
                        "[--folder DIR]\n",
                        stderr);
            return 2;
        } else {
            i++;
        }
    }
    struct figures floors[2], embedded = {0}, kafka = {0};
    find_programs(&bench);
    make_folder(&bench, folder);
    make_requests(&bench);
    measure_floor(&bench, &floors[0]);
    measure_receive(&bench, NULL, &embedded);
    if (bench.brokers != NULL)
        measure_receive(&bench, bench.brokers, &kafka);
    measure_floor(&bench, &floors[1]);
    report(&bench, floors, &embedded, &kafka);
    return 0;
}
