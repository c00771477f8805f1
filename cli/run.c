#include <getopt.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/stop.h"
#include "pipelines/pipeline.h"
#include "pipelines/supervisor.h"

static const char help[] =
    "Usage: sluice run [-p FILE] [--roles LIST] [--pid-file FILE]\n"
    "\n"
    "Runs the whole pipeline: one child process per role, started anew when it ends (after 0.2 s,\n"
    "then twice as long each time up to 30 s; from 0.2 s again once a child has lived for 60 s).\n"
    "\n"
    "  receive  takes webhooks, normalizes them and appends the records to the bus\n"
    "  pull     asks what has to be asked, and does the same; only if a connector is pulled\n"
    "  load     merges records from the bus into PostgreSQL\n"
    "  rollup   recomputes sessions and daily analytics of what has changed\n"
    "\n"
    "Options:\n"
    "  --roles LIST     only these roles, separated by commas; default all\n"
    "  --pid-file FILE  hold FILE locked with the process id in it; refuses to run twice\n"
    "  -p FILE          the pipeline file\n"
    "\n"
    "SIGTERM or SIGINT drains the roles in that order, each for at most 40 s. A role that ends\n"
    "with exit code 2 (usage, pipeline file) when it is first started ends the whole: another "
    "start\n"
    "would change nothing.\n"
    "\n"
    "SIGHUP takes the pipeline file over as it is now, without refusing a request: a new receiver "
    "is\n"
    "started on the same sockets; when it is ready the old one finishes what it has begun and "
    "ends,\n"
    "and the other roles are started anew. A file with faults is refused, and all goes on as it "
    "was.\n"
    "A new program needs a restart: with sockets from systemd (docs/DEPLOY.md) that refuses "
    "nothing\n"
    "either.\n"
    "\n"
    "Example: the receiver on one machine, the rest on another\n"
    "  sluice -p pipelines/production.yaml run --roles receive\n"
    "  sluice -p pipelines/production.yaml run --roles load,rollup\n"
    "\n"
    "Exit codes: 0 stopped by a signal and drained, 1 failed, 2 usage or invalid pipeline file.\n";

#define PULL "pull"

static const struct supervisor_role all_roles[] = {
    {.name = "receive", .listens = true},
    {.name = PULL},
    {.name = "load"},
    {.name = "rollup", .option = "--follow"},
};
#define ROLES (sizeof all_roles / sizeof *all_roles)

struct arguments {
    struct supervisor_role roles[ROLES];
    size_t role_count;
    const char *pid_file;
};

static bool is_listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = list; p != NULL; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, name, n) == 0 && (p[n] == ',' || p[n] == '\0'))
            return true;
    }
    return false;
}

static size_t count_words(const char *list)
{
    size_t n = 1;
    for (; *list != '\0'; list++)
        n += *list == ',';
    return n;
}

/* Keeps the order of draining, whatever the order of the list; false: an unknown or repeated word.
 */
static bool choose_roles(const char *list, struct arguments *to)
{
    to->role_count = 0;
    for (size_t i = 0; i < ROLES; i++)
        if (list == NULL || is_listed(list, all_roles[i].name))
            to->roles[to->role_count++] = all_roles[i];
    return list == NULL || to->role_count == count_words(list);
}

static int parse(int argc, char **argv, struct arguments *to)
{
    static const struct option options[] = {{"roles", required_argument, NULL, 'r'},
                                            {"pid-file", required_argument, NULL, 'f'},
                                            {NULL, 0, NULL, 0}};
    const char *list = NULL;
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option == 'r')
            list = optarg;
        else if (option == 'f')
            to->pid_file = optarg;
        else
            return cli_option_error(&cli_run, option, argv);
    }
    if (optind < argc)
        return cli_usage_error(&cli_run, "no argument is expected, found \"%s\"", argv[optind]);
    if (!choose_roles(list, to))
        return cli_usage_error(&cli_run,
                               "--roles \"%s\": expected words of receive, pull, load, "
                               "rollup, separated by commas",
                               list);
    return CLI_DONE;
}

static enum rc too_long(const char *key, struct err *err)
{
    return err_set(err, RC_REJECT, "%s is longer than %d characters", key,
                   SUPERVISOR_ADDRESS_BYTES - 1);
}

struct context {
    const struct cli *cli;
    const struct arguments *arguments;
};

/* Where nothing is pulled, the role would have nothing to do. */
static enum rc plan_pull(const struct pipeline *pipeline, const struct arguments *arguments,
                         struct supervisor_plan *plan_out, struct err *err)
{
    plan_out->idle = pipeline->pull_count == 0 ? PULL : NULL;
    if (plan_out->idle != NULL && arguments->role_count == 1 &&
        strcmp(arguments->roles[0].name, PULL) == 0)
        return err_set(err, RC_REJECT, "no connector of %s is pulled", pipeline->path);
    return RC_OK;
}

static enum rc plan(void *context, struct supervisor_plan *plan_out, struct err *err)
{
    const struct cli *cli = ((struct context *)context)->cli;
    struct pipeline *pipeline = cli_load_pipeline(cli, &cli_run);
    if (pipeline == NULL)
        return err_set(err, RC_REJECT, "%s has faults, which stand above", cli->pipeline_path);
    const struct receive_conf *receive = &pipeline->receive;
    enum rc rc = plan_pull(pipeline, ((struct context *)context)->arguments, plan_out, err);
    if (snprintf(plan_out->hooks, sizeof plan_out->hooks, "%s", receive->listen) >=
        (int)sizeof plan_out->hooks)
        rc = too_long("receive.listen", err);
    if (snprintf(plan_out->admin, sizeof plan_out->admin, "%s",
                 receive->admin != NULL ? receive->admin : "") >= (int)sizeof plan_out->admin)
        rc = too_long("receive.admin", err);
    pipeline_free(&pipeline);
    return rc;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct arguments arguments = {0};
    struct err err;
    int code = parse(argc, argv, &arguments);
    if (code != CLI_DONE)
        return code;
    struct context context = {cli, &arguments};
    struct supervisor_conf conf = {.pipeline_path = cli->pipeline_path,
                                   .roles = arguments.roles,
                                   .role_count = arguments.role_count,
                                   .pid_file = arguments.pid_file,
                                   .drain_ms = SUPERVISOR_DRAIN_MS,
                                   .plan = plan,
                                   .context = &context};
    stop_install();
    enum rc rc = supervisor_run(&conf, &err);
    if (rc == RC_OK)
        return CLI_DONE;
    (void)cli_fail(&cli_run, &err);
    return rc == RC_REJECT ? CLI_USAGE : CLI_FAILED;
}

const struct cli_verb cli_run = {
    .name = "run",
    .summary = "run every role of the pipeline, restarted when it ends, drained on SIGTERM",
    .help = help,
    .run = run,
};
