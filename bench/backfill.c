/* backfill: history out of files: file to bus, and file to query-ready rollups.
 *
 *     build/bench/backfill [--quick] [--chats N] [--files N] [--folder DIR] [--keep]
 *
 * The history is an invented desk's, as exports of its Telegram account (telegram_desk.h): 50,000
 * chats of 20 messages if nothing else is said; 1,800,000 are five years of a busy desk. First it
 * is read and normalized in this process, nothing kept; then "sluice backfill" reads it to the
 * embedded bus with one file and with one file per processor at a time; then backfill and loader
 * run beside each other as in life, and the rollup follows; then the same files are given again.
 * Needs SLUICE_TEST_DATABASE_URL, where it makes a database of its own and drops it. DIR
 * (var/bench) must have room for about 1 KB a message. Prints a table, and as last line one JSON
 * object. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "bench/telegram_desk.h"
#include "connectors/file_source.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/normalizer.h"

#define PIECE_BYTES (4 * MIB)
#define FILES_MOST 64
#define ARGUMENTS_MOST (FILES_MOST + 16)
#define ACCOUNT "7000000001"
#define OWNER "5998800001"

struct bench {
    char sluice[PATH_MAX];
    char folder[PATH_MAX];
    char pipeline[PATH_MAX + 32];
    char bus[PATH_MAX + 32];
    char database[64];
    size_t chats, files;
    bool is_kept;
    char paths[FILES_MOST][PATH_MAX + 32];
    uint64_t messages;
    int64_t bytes;
};

struct run { /* of a process */
    double seconds, cpu_seconds, peak_mib;
};

static _Noreturn void give_up(const char *what, const char *name)
{
    (void)fprintf(stderr, "backfill: %s \"%s\": %s\n", what, name, strerror(errno));
    exit(1);
}

static double seconds_since(int64_t began_us)
{
    return (double)(clock_monotonic_us() - began_us) / (double)US_PER_SECOND;
}

/* ---- the history ---- */

static void flush_to(FILE *file, struct buf *piece, const char *path)
{
    if (fwrite(piece->p, 1, piece->n, file) != piece->n)
        give_up("cannot write", path);
    buf_reset(piece);
}

static void write_file(struct bench *bench, size_t number)
{
    struct buf piece;
    struct stat about;
    const char *path = bench->paths[number];
    size_t first = bench->chats * number / bench->files;
    size_t end = bench->chats * (number + 1) / bench->files;
    FILE *file = fopen(path, "we");
    if (file == NULL)
        give_up("cannot write", path);
    buf_init(&piece, 2 * PIECE_BYTES);
    telegram_desk_begin(&piece);
    for (size_t chat = first; chat < end; chat++) {
        bench->messages += telegram_desk_chat(&piece, chat, bench->chats, chat == first);
        if (piece.n >= PIECE_BYTES)
            flush_to(file, &piece, path);
    }
    telegram_desk_end(&piece);
    flush_to(file, &piece, path);
    buf_done(&piece);
    if (fclose(file) != 0 || stat(path, &about) != 0)
        give_up("cannot write", path);
    bench->bytes += about.st_size;
}

static void write_history(struct bench *bench)
{
    for (size_t i = 0; i < bench->files; i++) {
        (void)snprintf(bench->paths[i], sizeof bench->paths[i], "%s/desk-%02zu.json", bench->folder,
                       i);
        write_file(bench, i);
    }
}

/* ---- reading and normalizing alone ---- */

struct reader {
    const struct bench *bench;
    pthread_t thread;
    struct normalizer *normalizer;
    size_t first, step;
    uint64_t messages;
};

static enum rc count_record(void *context, const struct record *record, struct err *err)
{
    (void)err;
    ((struct reader *)context)->messages += record->kind == RECORD_MESSAGE;
    return RC_OK;
}

static enum rc refuse(void *context, const struct reject *reject, struct err *err)
{
    (void)context;
    return err_set(err, RC_FATAL, "an element was refused: %.*s", STR_ARGS(reject->detail));
}

static enum rc begin_document(void *context, const struct file_document *document, struct err *err)
{
    (void)err;
    struct document about = document_at(clock_now_us(), SOURCE_FILE);
    about.as_of = document->changed_at;
    normalizer_begin(((struct reader *)context)->normalizer, &about);
    return RC_OK;
}

static enum rc feed(void *context, const char *bytes, size_t n,
                    const struct file_position *position, struct err *err)
{
    (void)position;
    return normalizer_feed(((struct reader *)context)->normalizer, bytes, n, err);
}

static enum rc fault(void *context, struct str place, const char *message, struct err *err)
{
    (void)context;
    return err_set(err, RC_FATAL, "%.*s: %s", STR_ARGS(place), message);
}

static enum rc end_document(void *context, struct err *err)
{
    return normalizer_end(((struct reader *)context)->normalizer, err);
}

static void *read_files(void *context)
{
    struct reader *reader = context;
    struct err err = {0};
    static const struct str own[] = {STR_LIT(OWNER)};
    const struct channel_settings settings = {.own = own, .own_count = 1};
    struct channel_account account = {STR_LIT(ACCOUNT), STR_LIT("telegram_bot"), UUID_NULL,
                                      &settings};
    struct normalizer_conf conf = {.channel = STR_LIT("telegram"),
                                   .format = STR_LIT("export"),
                                   .tenant = STR_LIT("acme"),
                                   .accounts = &account,
                                   .account_count = 1};
    const struct normalizer_sink sink = {count_record, refuse, reader};
    const struct file_sink file_sink = {begin_document, feed, fault, end_document, reader};
    conf.tenant_id = ids_tenant(conf.tenant);
    account.channel_id = ids_channel(&conf.tenant_id, account.provider, account.account);
    enum rc rc = normalizer_new(&conf, &sink, &reader->normalizer, &err);
    for (size_t i = reader->first; rc == RC_OK && i < reader->bench->files; i += reader->step)
        rc = file_source_read(reader->bench->paths[i], conf.channel, conf.format, &file_sink, &err);
    if (rc != RC_OK) {
        (void)fprintf(stderr, "backfill: %s\n", err.msg);
        exit(1);
    }
    normalizer_free(&reader->normalizer);
    return NULL;
}

static double cpu_of(const struct rusage *usage)
{
    return (double)usage->ru_utime.tv_sec + (double)usage->ru_utime.tv_usec / 1e6 +
           (double)usage->ru_stime.tv_sec + (double)usage->ru_stime.tv_usec / 1e6;
}

static struct run normalize_alone(const struct bench *bench, size_t threads)
{
    struct reader readers[FILES_MOST] = {0};
    uint64_t messages = 0;
    struct rusage before, after;
    int64_t began_us = clock_monotonic_us();
    (void)getrusage(RUSAGE_SELF, &before);
    for (size_t i = 0; i < threads; i++) {
        readers[i] = (struct reader){.bench = bench, .first = i, .step = threads};
        if (pthread_create(&readers[i].thread, NULL, read_files, &readers[i]) != 0)
            give_up("cannot start", "a thread");
    }
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_join(readers[i].thread, NULL);
        messages += readers[i].messages;
    }
    if (messages != bench->messages) {
        (void)fprintf(stderr, "backfill: %llu messages were written, %llu read\n",
                      (unsigned long long)bench->messages, (unsigned long long)messages);
        exit(1);
    }
    (void)getrusage(RUSAGE_SELF, &after);
    return (struct run){seconds_since(began_us), cpu_of(&after) - cpu_of(&before),
                        (double)after.ru_maxrss / 1024};
}

/* ---- processes ---- */

static pid_t start(const struct bench *bench, char *const argv[])
{
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        give_up("cannot start", argv[0]);
    if (pid > 0)
        return pid;
    char log[PATH_MAX + 32];
    (void)snprintf(log, sizeof log, "%s/log", bench->folder);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd >= 0) {
        (void)dup2(fd, STDOUT_FILENO);
        (void)dup2(fd, STDERR_FILENO);
    }
    (void)execv(argv[0], argv);
    _exit(127);
}

static struct run wait_for(const struct bench *bench, pid_t pid, int64_t began_us)
{
    int status;
    struct rusage usage;
    if (wait4(pid, &status, 0, &usage) != pid || status != 0) {
        (void)fprintf(stderr, "backfill: a process failed; its words are in %s/log\n",
                      bench->folder);
        exit(1);
    }
    return (struct run){seconds_since(began_us), cpu_of(&usage), (double)usage.ru_maxrss / 1024};
}

static struct run run(const struct bench *bench, const char *const *words)
{
    char *argv[ARGUMENTS_MOST] = {(char *)(uintptr_t)bench->sluice, (char *)(uintptr_t) "-p",
                                  (char *)(uintptr_t)bench->pipeline};
    for (size_t i = 0; words[i] != NULL; i++)
        argv[3 + i] = (char *)(uintptr_t)words[i];
    int64_t began_us = clock_monotonic_us();
    return wait_for(bench, start(bench, argv), began_us);
}

static pid_t start_backfill(const struct bench *bench, const char *workers, const char *again)
{
    char *argv[ARGUMENTS_MOST];
    const char *const words[] = {bench->sluice, "-p",     bench->pipeline, "backfill",
                                 "tg",          "--json", "--workers",     workers};
    size_t n = 0;
    for (; n < sizeof words / sizeof *words; n++)
        argv[n] = (char *)(uintptr_t)words[n];
    if (again != NULL)
        argv[n++] = (char *)(uintptr_t)again;
    for (size_t i = 0; i < bench->files; i++)
        argv[n++] = (char *)(uintptr_t)bench->paths[i];
    argv[n] = NULL;
    return start(bench, argv);
}

static struct run backfill(const struct bench *bench, const char *workers, const char *again)
{
    int64_t began_us = clock_monotonic_us();
    return wait_for(bench, start_backfill(bench, workers, again), began_us);
}

/* ---- database and bus ---- */

static void query(const char *url, const char *sql)
{
    PGconn *connection = PQconnectdb(url);
    PGresult *result = PQexec(connection, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        (void)fprintf(stderr, "backfill: %s", PQerrorMessage(connection));
        exit(1);
    }
    PQclear(result);
    PQfinish(connection);
}

static const char *maintenance_url(void)
{
    const char *url = getenv("SLUICE_TEST_DATABASE_URL");
    if (url == NULL) {
        (void)fprintf(stderr, "backfill: SLUICE_TEST_DATABASE_URL is not set: run \"scripts/"
                              "postgres start\" and set it to what \"scripts/postgres url "
                              "postgres\" prints\n");
        exit(2);
    }
    return url;
}

static void make_database(struct bench *bench)
{
    char sql[128];
    (void)snprintf(bench->database, sizeof bench->database, "bench_%d", (int)getpid());
    (void)snprintf(sql, sizeof sql, "CREATE DATABASE %s", bench->database);
    query(maintenance_url(), sql);
}

static void drop_database(const struct bench *bench)
{
    char sql[128];
    (void)snprintf(sql, sizeof sql, "DROP DATABASE %s WITH (FORCE)", bench->database);
    query(maintenance_url(), sql);
}

static void write_pipeline(struct bench *bench)
{
    const char *url = maintenance_url();
    const char *query_at = strchr(url, '?');
    size_t base = query_at != NULL ? (size_t)(query_at - url) : strlen(url);
    while (base > 0 && url[base - 1] != '/')
        base--;
    FILE *file = fopen(bench->pipeline, "we");
    if (file == NULL)
        give_up("cannot write", bench->pipeline);
    (void)fprintf(file,
                  "database: { url: \"%.*s%s%s\" }\n"
                  "bus: { kind: embedded, path: %s }\n"
                  "tenants:\n"
                  "  - slug: acme\n"
                  "    timezone: America/Bogota\n"
                  "    connectors:\n"
                  "      - { name: tg, channel: telegram, token: \"" ACCOUNT ":x\", mode: poll, "
                  "agent_ids: [\"" OWNER "\"] }\n",
                  (int)base, url, bench->database, query_at != NULL ? query_at : "", bench->bus);
    if (fclose(file) != 0)
        give_up("cannot write", bench->pipeline);
}

static void remove_bus(const struct bench *bench)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-consumers"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char path[PATH_MAX + 64];
        (void)snprintf(path, sizeof path, "%s%s", bench->bus, endings[i]);
        (void)unlink(path);
    }
}

/* ---- what is measured ---- */

struct figures {
    struct run normalize_one, normalize; /* with one thread, with one per processor */
    struct run one, all;                 /* to the bus, so many files at a time */
    struct run beside, load, rollup;     /* with the loader running */
    struct run again;
    double to_rollups_s;
    size_t processors;
};

static void measure_pipeline(const struct bench *bench, const char *workers,
                             struct figures *figures)
{
    static const char *const rollup[] = {"rollup", NULL};
    char *load[] = {(char *)(uintptr_t)bench->sluice,
                    (char *)(uintptr_t) "-p",
                    (char *)(uintptr_t)bench->pipeline,
                    (char *)(uintptr_t) "load",
                    (char *)(uintptr_t) "--until-idle",
                    (char *)(uintptr_t) "--idle",
                    (char *)(uintptr_t) "2",
                    NULL};
    int64_t began_us = clock_monotonic_us();
    pid_t backfill_pid = start_backfill(bench, workers, NULL);
    pid_t load_pid = start(bench, load);
    figures->beside = wait_for(bench, backfill_pid, began_us);
    figures->load = wait_for(bench, load_pid, began_us);
    figures->rollup = run(bench, rollup);
    figures->to_rollups_s = seconds_since(began_us);
    figures->again = backfill(bench, workers, NULL);
}

static void measure(struct bench *bench, struct figures *figures)
{
    static const char *const migrate[] = {"migrate", NULL};
    char workers[24];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    figures->processors = processors > 1 ? (size_t)processors : 1;
    if (figures->processors > bench->files)
        figures->processors = bench->files;
    (void)snprintf(workers, sizeof workers, "%zu", figures->processors);
    figures->normalize_one = normalize_alone(bench, 1);
    figures->normalize = normalize_alone(bench, figures->processors);
    make_database(bench);
    write_pipeline(bench);
    (void)run(bench, migrate);
    figures->one = backfill(bench, "1", "--again");
    remove_bus(bench);
    figures->all = backfill(bench, workers, "--again");
    remove_bus(bench);
    drop_database(bench); /* its checkpoints would say that all is done */
    make_database(bench);
    (void)run(bench, migrate);
    measure_pipeline(bench, workers, figures);
    drop_database(bench);
}

/* ---- the table ---- */

static void print_row(const char *what, const struct bench *bench, double seconds, double cpu,
                      double mib)
{
    double messages = (double)bench->messages;
    printf("  %-44s %8.1f %12.0f %8.1f", what, seconds, messages / seconds,
           (double)bench->bytes / 1e6 / seconds);
    if (cpu > 0)
        printf(" %8.1f %8.1f", cpu, mib);
    printf("\n");
}

static void print_run(const char *what, const struct bench *bench, const struct run *run)
{
    print_row(what, bench, run->seconds, run->cpu_seconds, run->peak_mib);
}

static void print_figures(const struct bench *bench, const struct figures *figures)
{
    char what[64];
    printf("%zu chats, %llu messages, %.1f MB in %zu files\n", bench->chats,
           (unsigned long long)bench->messages, (double)bench->bytes / 1e6, bench->files);
    printf("  %-44s %8s %12s %8s %8s %8s\n", "", "seconds", "messages/s", "MB/s", "CPU s", "MiB");
    print_run("read and normalize alone, one thread", bench, &figures->normalize_one);
    (void)snprintf(what, sizeof what, "read and normalize alone, %zu threads", figures->processors);
    print_run(what, bench, &figures->normalize);
    print_run("file to bus, one file at a time", bench, &figures->one);
    (void)snprintf(what, sizeof what, "file to bus, %zu at a time", figures->processors);
    print_run(what, bench, &figures->all);
    print_run("file to bus, the loader beside it", bench, &figures->beside);
    print_run("  until the loader is idle", bench, &figures->load);
    print_run("  rollup", bench, &figures->rollup);
    print_row("file to rollups", bench, figures->to_rollups_s, 0, 0);
    print_run("the same files again", bench, &figures->again);
    printf("\n{\"bench\":\"backfill\",\"messages\":%llu,\"normalize_messages_per_s\":%.0f,"
           "\"messages_per_s\":%.0f,\"messages_per_s_one_worker\":%.0f,\"to_rollups_s\":%.1f,"
           "\"again_s\":%.2f,\"rss_mib\":%.1f}\n",
           (unsigned long long)bench->messages,
           (double)bench->messages / figures->normalize.seconds,
           (double)bench->messages / figures->all.seconds,
           (double)bench->messages / figures->one.seconds, figures->to_rollups_s,
           figures->again.seconds,
           figures->all.peak_mib > figures->beside.peak_mib ? figures->all.peak_mib
                                                            : figures->beside.peak_mib);
}

/* ---- the command line ---- */

static void find_programs(struct bench *bench, const char *program)
{
    char resolved[PATH_MAX];
    if (realpath(program, resolved) == NULL)
        give_up("cannot find", program);
    for (int i = 0; i < 2; i++)
        *strrchr(resolved, '/') = '\0';
    (void)snprintf(bench->sluice, sizeof bench->sluice, "%.*s/sluice", PATH_MAX - 16, resolved);
}

static int usage(void)
{
    (void)fputs("usage: backfill [--quick] [--chats N] [--files N] [--folder DIR] [--keep]\n",
                stderr);
    return 2;
}

static bool read_number(const char *text, size_t most, size_t *number_out)
{
    char *end;
    *number_out = strtoull(text, &end, 10);
    return *end == '\0' && *number_out > 0 && *number_out <= most;
}

static bool read_options(int argc, char **argv, struct bench *bench, const char **folder)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--quick") == 0)
            bench->chats = 5000;
        else if (strcmp(word, "--keep") == 0)
            bench->is_kept = true;
        else if (i + 1 == argc)
            return false;
        else if (strcmp(word, "--chats") == 0 && read_number(argv[++i], 100000000, &bench->chats))
            continue;
        else if (strcmp(word, "--files") == 0 && read_number(argv[++i], FILES_MOST, &bench->files))
            continue;
        else if (strcmp(word, "--folder") == 0)
            *folder = argv[++i];
        else
            return false;
    }
    return bench->chats >= bench->files;
}

int main(int argc, char **argv)
{
    struct bench *bench = xcalloc(1, sizeof *bench);
    struct figures figures = {0};
    const char *folder = "var/bench";
    bench->chats = 50000;
    bench->files = 8;
    if (!read_options(argc, argv, bench, &folder))
        return usage();
    find_programs(bench, argv[0]);
    (void)mkdir("var", 0755);
    (void)mkdir(folder, 0755);
    (void)snprintf(bench->folder, sizeof bench->folder, "%.*s/backfill-%d", PATH_MAX - 64, folder,
                   (int)getpid());
    if (mkdir(bench->folder, 0755) != 0)
        give_up("cannot make", bench->folder);
    (void)snprintf(bench->pipeline, sizeof bench->pipeline, "%s/pipeline.yaml", bench->folder);
    (void)snprintf(bench->bus, sizeof bench->bus, "%s/bus.db", bench->folder);
    write_history(bench);
    measure(bench, &figures);
    print_figures(bench, &figures);
    if (!bench->is_kept) {
        char command[PATH_MAX + 32];
        for (size_t i = 0; i < bench->files; i++)
            (void)unlink(bench->paths[i]);
        remove_bus(bench);
        (void)snprintf(command, sizeof command, "%s/log", bench->folder);
        (void)unlink(command);
        (void)unlink(bench->pipeline);
        (void)rmdir(bench->folder);
    }
    free(bench);
    return 0;
}
