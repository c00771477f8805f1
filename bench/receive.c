/* receive: the webhook endpoint with durable acknowledgement, in one run with the same server that
 * answers after the HMAC with nothing stored (the floor), and with nginx that answers 200.
 *
 *     build/bench/receive [--quick] [--kafka BROKERS] [--connections N[,N...]] [--folder DIR]
 *
 * The load is signed WhatsApp bodies of 800 bytes over kept connections: as fast as they are
 * answered (closed), then at half that rate, where latency counts from when a request was due
 * (open). "spool" rows acknowledge from the local spool ("when: always"): fast while a burst lasts,
 * and "drained/s" is the rate at which all of it then is on the bus, which is what such a receiver
 * can take for ever. The floor runs before and after. wrk, when it is installed, drives the same
 * bodies a second time. Prints a table, and as last line one JSON object. DIR (var/bench) must be
 * on the disk that is to be measured; Kafka keeps the topics bench-<pid>.*. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/http_load.h"
#include "bench/receive_bodies.h"
#include "bench/server_process.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/limits.h"

#define GENERATOR_THREADS 2
#define COUNTS_MOST 8
#define MAIN_CONNECTIONS 256 /* what the ratios are of */
#define DRAIN_US (120 * US_PER_SECOND)
#define SETTLE_MS 300

enum kind { FLOOR, NGINX, RECEIVE };

struct scenario {
    const char *name; /* in the table and in JSON */
    enum kind kind;
    bool on_kafka, spools;
};

static const struct scenario scenarios[] = {
    {"floor", FLOOR, false, false},       {"nginx", NGINX, false, false},
    {"embedded", RECEIVE, false, false},  {"embedded_spool", RECEIVE, false, true},
    {"kafka", RECEIVE, true, false},      {"kafka_spool", RECEIVE, true, true},
    {"floor_again", FLOOR, false, false},
};
#define SCENARIOS (sizeof scenarios / sizeof *scenarios)

struct figures {
    int connections; /* 0 = not measured */
    struct http_load_result full, half;
    double rss_mib;
    double cpu_us;        /* of the server, for each request at full load */
    double drained_per_s; /* spools: until all was on the bus; 0 = does not */
    double wrk_per_s;     /* 0 = not measured */
};

struct bench {
    char programs[PATH_MAX]; /* the build folder */
    char folder[PATH_MAX];
    char bodies_path[PATH_MAX + 32];
    const char *brokers; /* NULL = embedded alone */
    int counts[COUNTS_MOST];
    size_t count_count;
    double warm_up_s, seconds;
    struct signed_body bodies[RECEIVE_BODIES];
    struct str requests[RECEIVE_BODIES];
    struct figures figures[SCENARIOS][COUNTS_MOST];
};

static FILE *open_file(const struct bench *bench, const char *name, char path[static PATH_MAX + 32])
{
    (void)snprintf(path, PATH_MAX + 32, "%s/%s", bench->folder, name);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        server_process_fail("cannot write", path);
    return file;
}

static void close_file(FILE *file, const char *path)
{
    if (fclose(file) != 0)
        server_process_fail("cannot write", path);
}

/* ---- servers ---- */

static void start_floor(const struct bench *bench, struct server_process *server)
{
    char program[PATH_MAX + 32], address[32], secret[] = RECEIVE_SECRET;
    (void)snprintf(program, sizeof program, "%s/bench/receive_floor", bench->programs);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", server->port);
    char *argv[] = {program, address, secret, NULL};
    server_process_start(server, argv);
}

static bool is_installed(const char *program)
{
    char command[64];
    (void)snprintf(command, sizeof command, "command -v %s >/dev/null", program);
    bool found = system(command) == 0; /* NOLINT(cert-env33-c): a fixed word */
    if (!found)
        (void)fprintf(stderr,
                      "receive: %s is not installed and is left out: scripts/packages bench\n",
                      program);
    return found;
}

static void start_nginx(const struct bench *bench, struct server_process *server)
{
    char path[PATH_MAX + 32];
    FILE *file = open_file(bench, "nginx.conf", path);
    (void)fprintf(file,
                  "daemon off; pid %s/nginx.pid; error_log /dev/null; worker_processes 2;\n"
                  "events { worker_connections 2048; }\n"
                  "http { access_log off; keepalive_requests 1000000000;\n"
                  "  client_body_temp_path %s/nginx.body;\n"
                  "  server { listen 127.0.0.1:%u; location / { return 200; } } }\n",
                  bench->folder, bench->folder, server->port);
    close_file(file, path);
    char name[] = "nginx", p[] = "-p", c[] = "-c";
    char *argv[] = {name, p, (char *)(uintptr_t)bench->folder, c, path, NULL};
    server_process_start(server, argv);
}

static void write_pipeline(const struct bench *bench, const struct scenario *scenario,
                           const struct server_process *server, char path[static PATH_MAX + 32])
{
    FILE *file = open_file(bench, "pipeline.yaml", path);
    (void)fprintf(file, "database: { url: \"postgresql:///unused\" }\nbus:\n");
    if (scenario->on_kafka)
        (void)fprintf(file, "  kind: kafka\n  brokers: \"%s\"\n  topic_prefix: bench-%d\n",
                      bench->brokers, (int)getpid());
    else
        (void)fprintf(file, "  kind: embedded\n  path: %s/bus.db\n", bench->folder);
    if (scenario->spools)
        (void)fprintf(file, "spool: { path: %s/spool.db, max_size: 4GiB, when: always }\n",
                      bench->folder);
    (void)fprintf(file,
                  "receive: { listen: \"127.0.0.1:%u\", admin: \"127.0.0.1:%u\" }\n"
                  "tenants:\n  - slug: acme\n    name: ACME\n    timezone: America/Bogota\n"
                  "    connectors:\n      - { name: wa-main, channel: whatsapp, account: "
                  "\"" RECEIVE_ACCOUNT "\", verify_token: bench, app_secrets: [\"" RECEIVE_SECRET
                  "\"] }\n",
                  server->port, server->admin_port);
    close_file(file, path);
}

static void start_receive(const struct bench *bench, const struct scenario *scenario,
                          struct server_process *server)
{
    char program[PATH_MAX + 32], path[PATH_MAX + 32], option[] = "-p", verb[] = "receive";
    server->admin_port = server_process_free_port();
    (void)snprintf(program, sizeof program, "%s/sluice", bench->programs);
    write_pipeline(bench, scenario, server, path);
    char *argv[] = {program, option, path, verb, NULL};
    server_process_start(server, argv);
}

static void start(const struct bench *bench, const struct scenario *scenario,
                  struct server_process *server)
{
    *server = (struct server_process){.name = scenario->name, .port = server_process_free_port()};
    switch (scenario->kind) {
    case FLOOR:
        start_floor(bench, server);
        break;
    case NGINX:
        start_nginx(bench, server);
        break;
    case RECEIVE:
        start_receive(bench, scenario, server);
        break;
    }
}

static void remove_files(const struct bench *bench)
{
    static const char *const names[] = {"bus.db",       "bus.db-wal",   "bus.db-shm",   "spool.db",
                                        "spool.db-wal", "spool.db-shm", "pipeline.yaml"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_MAX + 32];
        (void)snprintf(path, sizeof path, "%s/%s", bench->folder, names[i]);
        (void)unlink(path);
    }
}

/* ---- load ---- */

static struct http_load_result load(const struct bench *bench, const struct server_process *server,
                                    int connections, double seconds, double per_second)
{
    struct http_load_result result;
    const struct http_load_conf conf = {
        .port = server->port,
        .requests = bench->requests,
        .request_count = RECEIVE_BODIES,
        .connections = connections,
        .threads = connections < GENERATOR_THREADS ? connections : GENERATOR_THREADS,
        .seconds = seconds,
        .per_second = per_second};
    http_load_run(&conf, &result);
    if (result.refused + result.broken > 0)
        (void)fprintf(stderr, "receive: %s answered %llu requests, refused %llu, dropped %llu\n",
                      server->name, (unsigned long long)result.answered,
                      (unsigned long long)result.refused, (unsigned long long)result.broken);
    return result;
}

/* wrk knows the Host of its requests once it has begun. */
static void write_wrk_script(const struct bench *bench, char path[static PATH_MAX + 32])
{
    FILE *file = open_file(bench, "wrk.lua", path);
    (void)fprintf(file,
                  "local bodies, at = {}, 0\n"
                  "function init()\n"
                  "  for line in io.lines('%s') do\n"
                  "    local signature, body = line:match('^(%%S+)\t(.*)$')\n"
                  "    bodies[#bodies + 1] = wrk.format('POST', nil, {['Host'] = 'bench',\n"
                  "      ['Content-Type'] = 'application/json',\n"
                  "      ['X-Hub-Signature-256'] = signature}, body)\n"
                  "  end\n"
                  "end\n"
                  "function request() at = at %% #bodies + 1; return bodies[at] end\n",
                  bench->bodies_path);
    close_file(file, path);
}

static double run_wrk(const struct bench *bench, const struct server_process *server,
                      int connections)
{
    char script[PATH_MAX + 32], command[2 * PATH_MAX], line[256];
    double per_second = 0;
    write_wrk_script(bench, script);
    (void)snprintf(command, sizeof command,
                   "wrk -t%d -c%d -d%ds -s '%s' http://127.0.0.1:%u" RECEIVE_PATH,
                   connections < GENERATOR_THREADS ? connections : GENERATOR_THREADS, connections,
                   (int)bench->seconds, script, server->port);
    FILE *wrk = popen(command, "re"); /* NOLINT(cert-env33-c): nothing of it comes from outside */
    if (wrk == NULL)
        server_process_fail("cannot run", "wrk");
    while (fgets(line, sizeof line, wrk) != NULL) {
        (void)sscanf(line, "Requests/sec: %lf", &per_second);
        if (strstr(line, "Non-2xx") != NULL)
            (void)fprintf(stderr, "receive: wrk and %s: %s", server->name, line);
    }
    (void)pclose(wrk);
    return per_second;
}

/* ---- measuring ---- */

static double spooled_bodies(const struct server_process *server)
{
    return server_process_metric(server, "sluice_spool_spooled_total") -
           server_process_metric(server, "sluice_spool_forwarded_total");
}

static void await_drained(const struct server_process *server)
{
    int64_t until_us = clock_monotonic_us() + DRAIN_US;
    while (spooled_bodies(server) > 0) {
        if (clock_monotonic_us() > until_us)
            server_process_fail("not drained within two minutes:", server->name);
        (void)usleep(20000);
    }
}

static void measure_full(const struct bench *bench, const struct scenario *scenario,
                         const struct server_process *server, int connections,
                         struct figures *figures)
{
    double cpu = server_process_cpu_seconds(server);
    int64_t began_us = clock_monotonic_us();
    figures->full = load(bench, server, connections, bench->seconds, 0);
    if (scenario->spools) {
        await_drained(server);
        figures->drained_per_s = (double)figures->full.answered /
                                 ((double)(clock_monotonic_us() - began_us) / US_PER_SECOND);
    }
    figures->cpu_us =
        (server_process_cpu_seconds(server) - cpu) * 1e6 / (double)figures->full.answered;
}

static void measure(const struct bench *bench, const struct scenario *scenario,
                    const struct server_process *server, int connections,
                    struct figures *figures_out)
{
    struct figures figures = {.connections = connections};
    (void)load(bench, server, connections, bench->warm_up_s, 0);
    if (scenario->spools)
        await_drained(server);
    measure_full(bench, scenario, server, connections, &figures);
    figures.half = load(bench, server, connections, bench->seconds, figures.full.per_second / 2);
    figures.rss_mib = server_process_peak_mib(server);
    *figures_out = figures;
}

static bool is_left_out(const struct bench *bench, const struct scenario *scenario)
{
    return (scenario->on_kafka && bench->brokers == NULL) ||
           (scenario->kind == NGINX && !is_installed("nginx"));
}

static void measure_scenario(struct bench *bench, size_t s, bool has_wrk)
{
    const struct scenario *scenario = &scenarios[s];
    struct server_process server;
    if (is_left_out(bench, scenario))
        return;
    for (size_t i = 0; i < bench->count_count; i++) {
        struct figures *figures = &bench->figures[s][i];
        remove_files(bench);
        start(bench, scenario, &server);
        (void)fprintf(stderr, "receive: %s, %d connections\n", scenario->name, bench->counts[i]);
        measure(bench, scenario, &server, bench->counts[i], figures);
        if (has_wrk && bench->counts[i] == MAIN_CONNECTIONS)
            figures->wrk_per_s = run_wrk(bench, &server, MAIN_CONNECTIONS);
        server_process_stop(&server);
        remove_files(bench);
        (void)usleep(SETTLE_MS * 1000);
    }
}

/* ---- report ---- */

/* Of both runs of the floor: the machine changes meanwhile. */
static double floor_per_s(const struct bench *bench, size_t i)
{
    return (bench->figures[0][i].full.per_second +
            bench->figures[SCENARIOS - 1][i].full.per_second) /
           2;
}

static void print_row(const struct bench *bench, size_t s, size_t i)
{
    const struct figures *f = &bench->figures[s][i];
    printf("| %11d | %-14s | %10.0f | %5.2f | %7.2f | %7.2f | %8.2f | %8.2f | %7.1f | %6.1f | "
           "%9.0f | %7.0f |\n",
           f->connections, scenarios[s].name, f->full.per_second,
           f->full.per_second / floor_per_s(bench, i), f->full.p50_ms, f->full.p99_ms,
           f->full.p999_ms, f->half.p99_ms, f->rss_mib, f->cpu_us, f->drained_per_s, f->wrk_per_s);
}

static void print_table(const struct bench *bench)
{
    printf("bodies of %d bytes, %.0f s each\n\n", RECEIVE_BODY_BYTES, bench->seconds);
    printf("| connections | server         | requests/s | ratio | p50 ms  | p99 ms  | p99.9 ms | "
           "p99 half | RSS MiB | CPU us | drained/s | wrk/s   |\n"
           "|-------------|----------------|------------|-------|---------|---------|----------|"
           "----------|---------|--------|-----------|---------|\n");
    for (size_t i = 0; i < bench->count_count; i++)
        for (size_t s = 0; s < SCENARIOS; s++)
            if (bench->figures[s][i].connections > 0)
                print_row(bench, s, i);
}

static void print_ratio(const struct bench *bench, size_t s, size_t i)
{
    const struct figures *f = &bench->figures[s][i];
    printf("\"ratio_%s\":", scenarios[s].name);
    if (f->connections > 0)
        printf("%.3f,", f->full.per_second / floor_per_s(bench, i));
    else
        printf("null,");
}

static void print_json(const struct bench *bench)
{
    size_t i = bench->count_count - 1;
    for (size_t k = 0; k < bench->count_count; k++)
        if (bench->counts[k] == MAIN_CONNECTIONS)
            i = k;
    const struct figures *f = NULL;
    printf("{\"bench\":\"receive\",\"connections\":%d,", bench->counts[i]);
    for (size_t s = 1; s < SCENARIOS - 1; s++) {
        print_ratio(bench, s, i);
        if (strcmp(scenarios[s].name, "embedded") == 0)
            f = &bench->figures[s][i];
    }
    printf("\"requests_per_s\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"p999_ms\":%.2f,"
           "\"cpu_us_per_request\":%.1f,\"rss_mib\":%.1f}\n",
           f->full.per_second, f->half.p50_ms, f->half.p99_ms, f->half.p999_ms, f->cpu_us,
           f->rss_mib);
}

/* ---- start ---- */

static void find_programs(struct bench *bench)
{
    ssize_t n = readlink("/proc/self/exe", bench->programs, sizeof bench->programs - 1);
    if (n < 0)
        server_process_fail("cannot find", "the build folder");
    bench->programs[n] = '\0';
    for (int i = 0; i < 2; i++)
        *strrchr(bench->programs, '/') = '\0';
}

static void make_folder(struct bench *bench, const char *folder)
{
    if ((mkdir("var", 0700) != 0 && errno != EEXIST) ||
        (mkdir(folder, 0700) != 0 && errno != EEXIST) || realpath(folder, bench->folder) == NULL)
        server_process_fail("cannot use the folder", folder);
}

static void make_bodies(struct bench *bench)
{
    receive_bodies_make(bench->bodies);
    for (size_t i = 0; i < RECEIVE_BODIES; i++)
        bench->requests[i] = bench->bodies[i].request;
    (void)snprintf(bench->bodies_path, sizeof bench->bodies_path, "%s/bodies.tsv", bench->folder);
    if (!receive_bodies_write(bench->bodies, bench->bodies_path))
        server_process_fail("cannot write", bench->bodies_path);
}

static bool take_counts(struct bench *bench, const char *text)
{
    char *end = NULL;
    bench->count_count = 0;
    while (bench->count_count < COUNTS_MOST) {
        long count = strtol(text, &end, 10);
        if (count < 1 || count > 10000 || (*end != ',' && *end != '\0'))
            return false;
        bench->counts[bench->count_count++] = (int)count;
        if (*end == '\0')
            return true;
        text = end + 1;
    }
    return false;
}

static bool take_option(struct bench *bench, const char **folder, const char *name, char *value)
{
    if (value == NULL)
        return false;
    if (strcmp(name, "--kafka") == 0)
        bench->brokers = value;
    else if (strcmp(name, "--connections") == 0)
        return take_counts(bench, value);
    else if (strcmp(name, "--folder") == 0)
        *folder = value;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    static struct bench bench = {.counts = {1, 2, 8, 64, MAIN_CONNECTIONS, 512},
                                 .count_count = 6,
                                 .warm_up_s = 2,
                                 .seconds = 20};
    const char *folder = "var/bench";
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            bench.counts[0] = MAIN_CONNECTIONS;
            bench.count_count = 1;
            bench.warm_up_s = 1;
            bench.seconds = 7;
        } else if (!take_option(&bench, &folder, argv[i], argv[i + 1])) {
            (void)fputs("usage: receive [--quick] [--kafka BROKERS] [--connections N[,N...]] "
                        "[--folder DIR]\n",
                        stderr);
            return 2;
        } else {
            i++;
        }
    }
    find_programs(&bench);
    make_folder(&bench, folder);
    make_bodies(&bench);
    bool has_wrk = is_installed("wrk");
    for (size_t s = 0; s < SCENARIOS; s++)
        measure_scenario(&bench, s, has_wrk);
    print_table(&bench);
    print_json(&bench);
    return 0;
}
