#include "connectors/backfill.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/progress.h"
#include "lib/stop.h"
#include "lib/suggest.h"
#include "lib/zone.h"
#include "pipelines/pipeline.h"
#include "pipelines/sync_database.h"
#include "transform/channels.h"

static const char help[] =
    "Usage: sluice backfill [-p FILE] CONNECTOR FILE... [OPTION...]\n"
    "       sluice backfill [-p FILE] CONNECTOR --resume\n"
    "\n"
    "Brings history in: reads files through the same maps as live traffic and puts their records\n"
    "on the bus, from where the loader merges them. What is there already changes nothing.\n"
    "\n"
    "  CONNECTOR  whose account the history belongs to, by its name or as TENANT/NAME\n"
    "  FILE       a file, a folder (searched to its depths) or a pattern such as 'export/*.json'.\n"
    "             Any of them may be gzip'd. What it holds, its first bytes tell:\n"
    "\n"
    "    whatsapp   chats that the phone exported: .txt, .zip, folders (needs timezone and\n"
    "               own_names of the connector)\n"
    "    telegram   result.json of Telegram Desktop, alone, in its folder, .zip or .tgz\n"
    "    email      mbox of every kind, Gmail Takeout (.mbox in .zip or .tgz), Maildirs, .eml\n"
    "    b2chat     replies of the API saved as JSON, one chat a line, the console's CSV\n"
    "    canonical  canonical records, JSON Lines\n"
    "    webchat    what the widget posts, a body a file or a line\n"
    "\n"
    "Options:\n"
    "  --from DAY    only messages, statuses, events and surveys from this day on, YYYY-MM-DD in\n"
    "                the tenant's time zone; people and conversations come whole\n"
    "  --to DAY      and to this day, included\n"
    "  --resume      go on where an interrupted run had come; without FILE with the files of that\n"
    "                run. Without it, files that were not finished are begun anew\n"
    "  --again       also read what was read to its end before\n"
    "  --format F    read every file in this format of the channel (sluice normalize --help)\n"
    "  --workers N   files read at the same time; default one per processor\n"
    "  --checkpoint S\n"
    "                store a checkpoint every S seconds, 0.01 to 3600; default 2\n"
    "  --json        print the summary as one JSON object on stdout\n"
    "  -p FILE       the pipeline file; keys database, bus, tenants\n"
    "\n"
    "Checkpoints: what is stored in etl.sync_checkpoints is on the bus, whatever happens next. It\n"
    "may be killed at any moment and resumed. A file that was read to its end is known again by\n"
    "name, size, time and its bytes, and left alone. What cannot be read becomes a dead letter\n"
    "and the rest goes on. docs/BACKFILL.md has the whole contract.\n"
    "\n"
    "Example: five years of a Telegram account, then into the tables and the analytics\n"
    "  sluice backfill tg-help ChatExport_2026-03-01/result.json\n"
    "  sluice load --until-idle && sluice rollup\n"
    "\n"
    "Exit codes: 0 done (dead letters are counted in the summary), 1 stopped, or a file or part\n"
    "of it could not be read, 2 usage or invalid pipeline file.\n";

struct arguments {
    const char *connector;
    const char *const *paths;
    size_t path_count;
    const char *from, *to; /* days */
    const char *format;
    bool resume, again, json;
    long workers;
    double checkpoint_s;
};

struct screen {
    struct progress progress;
    const char *connector;
};

/* ---- while it runs ---- */

static void show(void *context, const struct backfill_progress *progress)
{
    struct screen *screen = context;
    char what[200] = "";
    const char *slash = progress->item != NULL ? strrchr(progress->item, '/') : NULL;
    const char *name = slash != NULL ? slash + 1 : progress->item;
    if (progress->items > 1)
        (void)snprintf(what, sizeof what, "%zu of %zu, %.100s: ", progress->finished,
                       progress->items, name != NULL ? name : "-");
    else if (name != NULL)
        (void)snprintf(what, sizeof what, "%.100s: ", name);
    progress_show_more(&screen->progress, progress->read_bytes, progress->total_bytes, what,
                       progress->outputs);
}

/* Names of files come from outside, and this goes to a terminal. */
static void print_clean(const char *text)
{
    for (; *text != '\0'; text++)
        (void)fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, stderr);
}

static void tell(void *context, enum backfill_word word, struct str place, const char *text)
{
    struct screen *screen = context;
    progress_clear(&screen->progress);
    (void)fputs(word == BACKFILL_FAULT ? "sluice backfill: " : "", stderr);
    if (!str_is_null(place)) {
        print_clean(place.p);
        (void)fputs(": ", stderr);
    }
    print_clean(text);
    (void)fputc('\n', stderr);
}

/* ---- the summary ---- */

static void print_counts(const struct backfill_result *result)
{
    double seconds = (double)result->took_us / (double)US_PER_SECOND;
    (void)fprintf(stderr,
                  "%" PRId64 " read, %" PRId64 " written, %" PRId64 " rejected, %" PRIu64
                  " without traffic or not asked for; %.1f s",
                  result->counts.read, result->counts.written, result->counts.rejected,
                  result->unwanted, seconds);
    if (seconds >= 1)
        (void)fprintf(stderr, ", %.0f a second", (double)result->counts.written / seconds);
    (void)fputc('\n', stderr);
}

static void print_items(const struct backfill_result *result)
{
    (void)fprintf(stderr, "%zu of %zu items done", result->done, result->items);
    if (result->done_before > 0)
        (void)fprintf(stderr, ", %zu done before (--again reads them again)", result->done_before);
    if (result->failed > 0)
        (void)fprintf(stderr, ", %zu with parts that could not be read", result->failed);
    if (result->unfinished > 0)
        (void)fprintf(stderr, ", %zu unfinished", result->unfinished);
    if (result->left_out > 0)
        (void)fprintf(stderr, "; %zu files of folders are something else", result->left_out);
    (void)fputc('\n', stderr);
}

static void print_summary(const struct screen *screen, const struct backfill_result *result)
{
    print_items(result);
    print_counts(result);
    if (result->letters > 0)
        (void)fprintf(stderr,
                      "%" PRIu64 " dead letters: \"sluice status\" counts them once they are "
                      "loaded, etl.dead_letters holds them\n",
                      result->letters);
    if (result->unfinished > 0)
        (void)fprintf(stderr, "go on with: sluice backfill %s --resume\n", screen->connector);
}

static void print_json(const struct backfill_result *result)
{
    printf("{\"items\":%zu,\"done\":%zu,\"done_before\":%zu,\"failed\":%zu,\"unfinished\":%zu,"
           "\"left_out\":%zu,\"read\":%" PRId64 ",\"written\":%" PRId64 ",\"rejected\":%" PRId64
           ",\"unwanted\":%" PRIu64 ",\"dead_letters\":%" PRIu64 ",\"bytes\":%" PRId64
           ",\"seconds\":%.3f}\n",
           result->items, result->done, result->done_before, result->failed, result->unfinished,
           result->left_out, result->counts.read, result->counts.written, result->counts.rejected,
           result->unwanted, result->letters, result->bytes,
           (double)result->took_us / (double)US_PER_SECOND);
}

/* ---- the request ---- */

static const struct connector *find_connector(const struct pipeline *pipeline, const char *word)
{
    const struct connector *found = NULL;
    struct suggest suggest = suggest_begin(str_of(word));
    for (size_t i = 0; i < pipeline->connector_count; i++) {
        const struct connector *connector = &pipeline->connectors[i];
        suggest_offer(&suggest, connector->name);
        if (!connector_is_named(connector, word))
            continue;
        if (found != NULL) {
            (void)cli_usage_error(&cli_backfill,
                                  "several tenants have a connector \"%s\": name it \"%s/%s\" or "
                                  "\"%s/%s\"",
                                  word, found->tenant, word, connector->tenant, word);
            return NULL;
        }
        found = connector;
    }
    if (found == NULL && suggest.best != NULL)
        (void)cli_usage_error(&cli_backfill, "there is no connector \"%s\"; did you mean \"%s\"?",
                              word, suggest.best);
    else if (found == NULL)
        (void)cli_usage_error(&cli_backfill, "there is no connector \"%s\" in %s", word,
                              pipeline->path);
    return found;
}

static const char *zone_of(const struct pipeline *pipeline, const struct connector *connector)
{
    for (size_t i = 0; i < pipeline->catalog.tenant_count; i++)
        if (strcmp(pipeline->catalog.tenants[i].slug, connector->tenant) == 0)
            return pipeline->catalog.tenants[i].timezone;
    return "UTC";
}

/* The beginning of a local day, or of the one after; TIME_NONE: no day was given. */
static bool read_day(const char *day, bool is_next, const char *zone_name, int64_t *us_out)
{
    int year, month, date, end = 0;
    int64_t local;
    *us_out = TIME_NONE;
    if (day == NULL)
        return true;
    if (sscanf(day, "%4d-%2d-%2d%n", &year, &month, &date, &end) != 3 || day[end] != '\0' ||
        strlen(day) != strlen("YYYY-MM-DD") || !zone_local(year, month, date, 0, 0, 0, &local))
        return false;
    struct zone *zone = zone_open(str_of(zone_name));
    local += is_next ? INT64_C(86400) * US_PER_SECOND : 0;
    *us_out = zone != NULL ? zone_to_utc(zone, local) : local;
    zone_close(&zone);
    return true;
}

static bool has_format(const struct connector *connector, const char *format)
{
    const struct channel *channel = channel_find(str_of(connector->channel));
    return format == NULL || channel_map(channel, STR_NULL, str_of(format)) != NULL;
}

static int complete(const struct pipeline *pipeline, const struct arguments *arguments,
                    struct backfill_conf *conf)
{
    conf->connector = find_connector(pipeline, arguments->connector);
    if (conf->connector == NULL)
        return CLI_USAGE;
    const char *zone = zone_of(pipeline, conf->connector);
    if (!read_day(arguments->from, false, zone, &conf->from))
        return cli_usage_error(&cli_backfill, "--from takes a day such as 2026-03-01, found \"%s\"",
                               arguments->from);
    if (!read_day(arguments->to, true, zone, &conf->to))
        return cli_usage_error(&cli_backfill, "--to takes a day such as 2026-03-31, found \"%s\"",
                               arguments->to);
    if (conf->from != TIME_NONE && conf->to != TIME_NONE && conf->from >= conf->to)
        return cli_usage_error(&cli_backfill, "--from %s is after --to %s", arguments->from,
                               arguments->to);
    if (!has_format(conf->connector, arguments->format))
        return cli_usage_error(&cli_backfill,
                               "channel %s has no format \"%s\"; \"sluice normalize --help\" lists "
                               "them",
                               conf->connector->channel, arguments->format);
    conf->format = str_of(arguments->format);
    return CLI_DONE;
}

/* ---- running ---- */

static int end(const struct arguments *arguments, const struct screen *screen,
               const struct backfill_result *result, enum rc rc, const struct err *err)
{
    if (rc != RC_OK)
        (void)cli_fail(&cli_backfill, err);
    if (result->items > 0)
        print_summary(screen, result);
    if (result->items > 0 && arguments->json)
        print_json(result);
    bool is_whole = result->failed == 0 && result->unfinished == 0 && !result->is_stopped;
    return rc == RC_OK && is_whole ? CLI_DONE : CLI_FAILED;
}

static int backfill(const struct pipeline *pipeline, const struct arguments *arguments)
{
    struct screen screen = {.connector = arguments->connector};
    struct backfill_result result;
    struct err err = {0};
    struct backfill_conf conf = {.connectors = pipeline->connectors,
                                 .connector_count = pipeline->connector_count,
                                 .bus = &pipeline->bus,
                                 .paths = arguments->paths,
                                 .path_count = arguments->path_count,
                                 .resume = arguments->resume,
                                 .again = arguments->again,
                                 .workers = (int)arguments->workers,
                                 .checkpoint_us =
                                     (int64_t)(arguments->checkpoint_s * (double)US_PER_SECOND),
                                 .progress = show,
                                 .tell = tell,
                                 .context = &screen};
    int code = complete(pipeline, arguments, &conf);
    if (code != CLI_DONE)
        return code;
    stop_install();
    progress_begin_lines(&screen.progress);
    conf.sync = sync_database_new(pipeline, conf.connector);
    enum rc rc = backfill_run(&conf, &result, &err);
    sync_close(&conf.sync);
    progress_clear(&screen.progress);
    return end(arguments, &screen, &result, rc, &err);
}

enum {
    OPTION_FROM = 256,
    OPTION_TO,
    OPTION_RESUME,
    OPTION_AGAIN,
    OPTION_FORMAT,
    OPTION_WORKERS,
    OPTION_CHECKPOINT,
    OPTION_JSON
};

static bool set_option(struct arguments *to, int option, const char *value)
{
    char *end_of_number = NULL;
    switch (option) {
    case OPTION_FROM:
        to->from = value;
        return true;
    case OPTION_TO:
        to->to = value;
        return true;
    case OPTION_RESUME:
        return to->resume = true;
    case OPTION_AGAIN:
        return to->again = true;
    case OPTION_FORMAT:
        to->format = value;
        return true;
    case OPTION_JSON:
        return to->json = true;
    case OPTION_CHECKPOINT:
        to->checkpoint_s = strtod(value, &end_of_number);
        return *end_of_number == '\0' && to->checkpoint_s >= 0.01 && to->checkpoint_s <= 3600;
    default:
        to->workers = strtol(value, &end_of_number, 10);
        return *end_of_number == '\0' && to->workers >= 1 && to->workers <= BACKFILL_WORKERS_MOST;
    }
}

static int refuse_value(int option, const char *value)
{
    if (option == OPTION_CHECKPOINT)
        return cli_usage_error(&cli_backfill,
                               "--checkpoint takes 0.01 to 3600 seconds, found \"%s\"", value);
    return cli_usage_error(&cli_backfill, "--workers takes 1 to %d, found \"%s\"",
                           BACKFILL_WORKERS_MOST, value);
}

static int parse(int argc, char **argv, struct arguments *to)
{
    static const struct option options[] = {
        {"from", required_argument, NULL, OPTION_FROM},
        {"to", required_argument, NULL, OPTION_TO},
        {"resume", no_argument, NULL, OPTION_RESUME},
        {"again", no_argument, NULL, OPTION_AGAIN},
        {"format", required_argument, NULL, OPTION_FORMAT},
        {"workers", required_argument, NULL, OPTION_WORKERS},
        {"checkpoint", required_argument, NULL, OPTION_CHECKPOINT},
        {"json", no_argument, NULL, OPTION_JSON},
        {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option < OPTION_FROM)
            return cli_option_error(&cli_backfill, option, argv);
        if (!set_option(to, option, optarg))
            return refuse_value(option, optarg);
    }
    if (optind == argc)
        return cli_usage_error(&cli_backfill, "name a CONNECTOR of the pipeline file");
    to->connector = argv[optind++];
    to->paths = (const char *const *)(argv + optind);
    to->path_count = (size_t)(argc - optind);
    if (to->path_count == 0 && !to->resume)
        return cli_usage_error(&cli_backfill,
                               "name the files to read, or --resume those of an interrupted run");
    if (to->path_count == 0 && (to->from != NULL || to->to != NULL || to->format != NULL))
        return cli_usage_error(&cli_backfill, "--resume without FILE goes on as the interrupted "
                                              "run was asked: leave --from, --to, --format out");
    return CLI_DONE;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct arguments arguments = {.connector = NULL};
    int code = parse(argc, argv, &arguments);
    if (code != CLI_DONE)
        return code;
    struct pipeline *pipeline = cli_load_pipeline(cli, &cli_backfill);
    if (pipeline == NULL)
        return CLI_USAGE;
    code = backfill(pipeline, &arguments);
    pipeline_free(&pipeline);
    return code;
}

const struct cli_verb cli_backfill = {
    .name = "backfill",
    .summary = "bring history in from files, resumable at any point",
    .help = help,
    .run = run,
};
