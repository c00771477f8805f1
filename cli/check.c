#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "connectors/address.h"
#include "lib/stop.h"
#include "loaders/health.h"
#include "pipelines/pipeline.h"
#include "pipelines/pipeline_keys.h"

#define PARTITIONS_MOST 10000
#define LEADER_ATTEMPTS 10
#define LEADER_WAIT_MS 500
#define INSUFFICIENT_PRIVILEGE "42501"

static const char help[] =
    "Usage: sluice check [-p FILE] [--offline]\n"
    "       sluice check --print-config-reference\n"
    "\n"
    "Reads the pipeline file and says everything that is wrong with it, each fault as\n"
    "file:line:column: key: what is wrong; what was expected. Then reaches every service that the\n"
    "file names and prints one line for each:\n"
    "\n"
    "  database  can be reached; its version, the schema's version, the rights of the login, and\n"
    "            that it knows the tenants' time zones\n"
    "  bus       the file or the topics are there (made if missing) and can be read\n"
    "  receive   the addresses of webhooks and admin can be bound (FAILED while sluice runs)\n"
    "  tls       certificate, key and authorities of receive.tls, if it is there\n"
    "  pull      of every connector that is pulled: its source is reached and lets it in\n"
    "\n"
    "Options:\n"
    "  --offline                 only the file; reach nothing\n"
    "  --print-config-reference  print every key of a pipeline file as Markdown (docs/CONFIG.md)\n"
    "  -p FILE                   the pipeline file\n"
    "\n"
    "Example:\n"
    "  sluice -p pipelines/production.yaml check --offline\n"
    "\n"
    "Exit codes: 0 all is well, 1 a service failed, 2 usage or invalid pipeline file.\n";

static bool say(bool ok, const char *what, const char *detail)
{
    printf("%-6s %-9s %s\n", ok ? "ok" : "FAILED", what, detail);
    (void)fflush(stdout);
    return ok;
}

static bool fail(const char *what, const struct err *err, const char *hint)
{
    char detail[sizeof err->msg + 128];
    (void)snprintf(detail, sizeof detail, "%s; %s", err->msg, hint);
    return say(false, what, detail);
}

/* ---- database ---- */

static bool check_schema(PGconn *connection)
{
    struct err err;
    struct migrate_state state;
    char detail[128];
    if (migrate_state(connection, &state, &err) != RC_OK)
        return strcmp(err.sqlstate, INSUFFICIENT_PRIVILEGE) == 0
                   ? fail("schema", &err,
                          "let the owner GRANT sluice_loader, sluice_admin to this login")
                   : say(false, "schema", err.msg);
    bool current = state.pending == 0 && state.applied == state.known;
    (void)snprintf(detail, sizeof detail, "version %d of %d%s", state.applied, state.known,
                   current ? "" : "; run \"sluice migrate\"");
    return say(current, "schema", detail);
}

static bool check_rights(const char *url)
{
    struct err err;
    PGconn *connection = NULL;
    static const char *const roles[] = {"sluice_loader", "sluice_admin"};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        enum rc rc = database_open(url, "check", roles[i], &connection, &err);
        database_close(&connection);
        if (rc != RC_OK)
            return fail("rights", &err, "or let the owner GRANT it to this login");
    }
    return say(true, "rights", "the login may act as sluice_loader and sluice_admin");
}

/* PostgreSQL cuts the days, so it must know the zones. */
static bool check_zones(PGconn *connection, const struct catalog *catalog)
{
    bool ok = true;
    for (size_t i = 0; i < catalog->tenant_count; i++) {
        const struct catalog_tenant *tenant = &catalog->tenants[i];
        struct err err;
        char detail[sizeof err.msg + 128];
        if (database_query(connection, "time zone", "SELECT now() AT TIME ZONE $1", 1,
                           &tenant->timezone, NULL, &err) == RC_OK)
            continue;
        (void)snprintf(detail, sizeof detail, "tenant \"%s\": %s", tenant->slug, err.msg);
        ok = say(false, "timezone", detail);
    }
    return ok;
}

static bool check_database(const char *url, const struct catalog *catalog)
{
    struct err err;
    PGconn *connection = NULL;
    char detail[128];
    if (database_open(url, "check", NULL, &connection, &err) != RC_OK)
        return fail("database", &err, "start PostgreSQL, or correct database.url");
    (void)snprintf(detail, sizeof detail, "PostgreSQL %s, database \"%s\", login \"%s\"",
                   PQparameterStatus(connection, "server_version"), PQdb(connection),
                   PQuser(connection));
    bool ok = say(true, "database", detail) && check_schema(connection) && check_rights(url);
    bool zones_ok = check_zones(connection, catalog);
    database_close(&connection);
    return ok && zones_ok;
}

/* ---- bus ---- */

/* The brokers of topics that were just made may still be choosing leaders. */
static enum rc read_ranges(const struct bus_conf *bus, enum bus_topic topic,
                           struct bus_partition_range *ranges, size_t *count_out, struct err *err)
{
    enum rc rc = bus_ranges(bus, topic, ranges, PARTITIONS_MOST, count_out, err);
    for (int attempt = 1; rc == RC_RETRY && attempt < LEADER_ATTEMPTS; attempt++) {
        stop_sleep_ms(LEADER_WAIT_MS);
        rc = bus_ranges(bus, topic, ranges, PARTITIONS_MOST, count_out, err);
    }
    return rc;
}

static bool check_bus(const struct bus_conf *bus)
{
    static struct bus_partition_range ranges[PARTITIONS_MOST];
    struct err err;
    char detail[BUS_TOPIC_NAME_BYTES + 64], name[BUS_TOPIC_NAME_BYTES];
    const char *hint = bus->kind == BUS_KAFKA
                           ? "start the brokers, or correct bus.brokers and bus.properties"
                           : "correct bus.path, or give this user the right to write there";
    if (bus_prepare(bus, &err) != RC_OK)
        return fail("bus", &err, hint);
    for (int topic = 0; topic < BUS_TOPICS; topic++) {
        size_t count = 0;
        if (read_ranges(bus, (enum bus_topic)topic, ranges, &count, &err) != RC_OK)
            return fail("bus", &err, hint);
        bus_topic_name(bus, (enum bus_topic)topic, name);
        (void)snprintf(detail, sizeof detail, "%s, topic %s, %zu partition%s",
                       bus->kind == BUS_KAFKA ? "kafka" : "embedded", name, count,
                       count == 1 ? "" : "s");
        (void)say(true, "bus", detail);
    }
    return true;
}

/* ---- receive ---- */

static bool check_address(const char *what, const char *address)
{
    struct err err;
    int socket = -1;
    char real[ADDRESS_TEXT_BYTES];
    if (address == NULL)
        return true;
    if (address_bind(address, &socket, real, &err) != RC_OK)
        return fail(what, &err, "while sluice runs here, this is as it should be");
    (void)close(socket);
    return say(true, what, address);
}

static bool check_tls(const struct http_tls_conf *conf)
{
    struct err err;
    struct http_tls *tls = NULL;
    if (conf->certificate == NULL)
        return true;
    if (http_tls_load(conf, &tls, &err) != RC_OK)
        return fail("tls", &err, "correct receive.tls");
    http_tls_free(&tls);
    return say(true, "tls", conf->certificate);
}

/* ---- pull ---- */

static bool check_pull(const struct pull_conf *pull)
{
    struct err err = {.msg = ""};
    char found[PULL_DETAIL_BYTES] = "", detail[PULL_DETAIL_BYTES + sizeof err.msg];
    bool ok = pull->kind->check(pull, found, &err) == RC_OK;
    (void)snprintf(detail, sizeof detail, "%s/%s: %s", pull->connector->tenant,
                   pull->connector->name, ok ? found : err.msg);
    return say(ok, "pull", detail);
}

static bool check_pulls(const struct pipeline *pipeline)
{
    bool ok = true;
    for (size_t i = 0; i < pipeline->pull_count; i++)
        ok = check_pull(&pipeline->pulls[i]) && ok;
    return ok;
}

/* ---- the verb ---- */

static int check(const struct pipeline *pipeline, bool offline)
{
    for (size_t i = 0; i < pipeline->warning_count; i++)
        (void)fprintf(stderr, "%s\n", pipeline->warnings[i]);
    (void)say(true, "file", pipeline->path);
    if (offline)
        return CLI_DONE;
    bool database = check_database(pipeline->database_url, &pipeline->catalog);
    bool bus = check_bus(&pipeline->bus);
    bool listen = check_address("receive", pipeline->receive.listen);
    bool admin = check_address("admin", pipeline->receive.admin);
    bool tls = check_tls(&pipeline->receive.tls);
    bool pulls = check_pulls(pipeline);
    return database && bus && listen && admin && tls && pulls ? CLI_DONE : CLI_FAILED;
}

static int print_reference(void)
{
    printf("# Keys of a pipeline file\n\n"
           "Printed by `sluice check --print-config-reference`. `pipelines/production.yaml` is a\n"
           "commented example; `sluice check` says what is wrong with a file.\n\n");
    conf_print_reference(stdout, pipeline_keys);
    return CLI_DONE;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    static const struct option options[] = {{"offline", no_argument, NULL, 'o'},
                                            {"print-config-reference", no_argument, NULL, 'r'},
                                            {NULL, 0, NULL, 0}};
    bool offline = false;
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option == 'r')
            return print_reference();
        if (option != 'o')
            return cli_option_error(&cli_check, option, argv);
        offline = true;
    }
    if (optind < argc)
        return cli_usage_error(&cli_check, "no argument is expected, found \"%s\"", argv[optind]);
    struct pipeline *pipeline = cli_load_pipeline(cli, &cli_check);
    if (pipeline == NULL)
        return CLI_USAGE;
    int code = check(pipeline, offline);
    pipeline_free(&pipeline);
    return code;
}

const struct cli_verb cli_check = {
    .name = "check",
    .summary = "validate the pipeline file and reach every service it names",
    .help = help,
    .run = run,
};
