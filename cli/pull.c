#include "connectors/puller.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "lib/arena.h"
#include "lib/stop.h"
#include "lib/suggest.h"
#include "pipelines/pipeline.h"
#include "pipelines/sync_database.h"

static const char help[] =
    "Usage: sluice pull [-p FILE] [CONNECTOR...] [--once]\n"
    "\n"
    "Asks what has to be asked: Telegram bots of mode poll, B2Chat accounts, mailboxes. Of what\n"
    "comes, records go on the bus; when the bus has them, and only then, the connector's place is\n"
    "stored in the database and confirmed to the platform. Every connector runs beside the "
    "others,\n"
    "whenever it is due, until SIGTERM or SIGINT. Several processes may run: each connector has "
    "one\n"
    "runner, the others stand by.\n"
    "\n"
    "  CONNECTOR  only this one, by its name or as TENANT/NAME; default all that are pulled\n"
    "\n"
    "Options:\n"
    "  --once   run each connector once, due or not, then end: for systemd timers and by hand.\n"
    "           Prints a line for each. One that another process runs is left to it\n"
    "  -p FILE  the pipeline file; keys database, bus, archive.raw, and of connectors mode, url,\n"
    "           ca_file, every, token, client_id, ... (docs/CONFIG.md)\n"
    "\n"
    "What fails is tried again: after 1 s to 2 min while something is away, after 5 min where\n"
    "somebody must mend it (a token, a certificate). The log and \"sluice status\" say what is\n"
    "wrong, \"sluice check\" asks each source. docs/PULL.md has the whole contract.\n"
    "\n"
    "Example: look once what a bot has got\n"
    "  sluice pull tg-help --once\n"
    "\n"
    "Exit codes: 0 stopped, or (--once) all ended well; 1 failed; 2 usage or invalid pipeline\n"
    "file, or nothing in it is pulled.\n";

/* ---- which ---- */

static int refuse_word(const struct pipeline *pipeline, const char *word)
{
    struct suggest suggest = suggest_begin(str_of(word));
    for (size_t i = 0; i < pipeline->connector_count; i++)
        if (connector_is_named(&pipeline->connectors[i], word))
            return cli_usage_error(&cli_pull, "connector \"%s\" is not pulled: it takes webhooks",
                                   word);
    for (size_t i = 0; i < pipeline->pull_count; i++)
        suggest_offer(&suggest, pipeline->pulls[i].connector->name);
    if (suggest.best == NULL)
        return cli_usage_error(&cli_pull, "there is no connector \"%s\"", word);
    return cli_usage_error(&cli_pull, "there is no connector \"%s\"; did you mean \"%s\"?", word,
                           suggest.best);
}

static bool is_chosen(const struct connector *connector, char **words, int count)
{
    for (int i = 0; i < count; i++)
        if (connector_is_named(connector, words[i]))
            return true;
    return count == 0;
}

/* The chosen ones, in the order of the file; the caller frees *pulls_out. */
static int choose(const struct pipeline *pipeline, char **words, int count,
                  struct pull_conf **pulls_out, size_t *count_out)
{
    struct pull_conf *pulls = xcalloc(pipeline->pull_count + 1, sizeof *pulls);
    *pulls_out = pulls;
    *count_out = 0;
    for (size_t i = 0; i < pipeline->pull_count; i++)
        if (is_chosen(pipeline->pulls[i].connector, words, count))
            pulls[(*count_out)++] = pipeline->pulls[i];
    for (int i = 0; i < count; i++) {
        bool is_found = false;
        for (size_t j = 0; j < *count_out; j++)
            is_found = is_found || connector_is_named(pulls[j].connector, words[i]);
        if (!is_found)
            return refuse_word(pipeline, words[i]);
    }
    if (*count_out == 0)
        return cli_usage_error(&cli_pull, "no connector of %s is pulled", pipeline->path);
    return CLI_DONE;
}

/* ---- running ---- */

static struct sync *new_sync(void *context, const struct connector *connector)
{
    return sync_database_new(context, connector);
}

static void print_end(void *context, const struct pull_conf *pull,
                      const struct publish_counts *counts, const struct err *err)
{
    (void)context;
    printf("%s/%s: %" PRIu64 " records of %" PRIu64 " documents, %" PRIu64 " rejected%s%s\n",
           pull->connector->tenant, pull->connector->name, counts->records, counts->documents,
           counts->rejects, err != NULL ? "; " : "", err != NULL ? err->msg : "");
    (void)fflush(stdout);
}

static int pull(struct pipeline *pipeline, const struct pull_conf *pulls, size_t count, bool once)
{
    struct err err = {0};
    const struct puller_conf conf = {.pulls = pulls,
                                     .pull_count = count,
                                     .connectors = pipeline->connectors,
                                     .connector_count = pipeline->connector_count,
                                     .bus = &pipeline->bus,
                                     .archive_raw = pipeline->archive_raw,
                                     .is_once = once,
                                     .ended = once ? print_end : NULL,
                                     .sync_new = new_sync,
                                     .context = pipeline};
    stop_install();
    enum rc rc = puller_run(&conf, &err);
    return rc == RC_OK ? CLI_DONE : cli_fail(&cli_pull, &err);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    static const struct option options[] = {{"once", no_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};
    bool once = false;
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option != 'o')
            return cli_option_error(&cli_pull, option, argv);
        once = true;
    }
    struct pipeline *pipeline = cli_load_pipeline(cli, &cli_pull);
    if (pipeline == NULL)
        return CLI_USAGE;
    struct pull_conf *pulls = NULL;
    size_t count;
    int code = choose(pipeline, argv + optind, argc - optind, &pulls, &count);
    if (code == CLI_DONE)
        code = pull(pipeline, pulls, count, once);
    free(pulls);
    pipeline_free(&pipeline);
    return code;
}

const struct cli_verb cli_pull = {
    .name = "pull",
    .summary = "ask what has to be asked: polled bots, export APIs, mailboxes",
    .help = help,
    .run = run,
};
