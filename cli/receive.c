#include "connectors/receive.h"

#include "cli/cli.h"
#include "lib/handed.h"
#include "lib/stop.h"
#include "pipelines/pipeline.h"

static const char help[] =
    "Usage: sluice receive [-p FILE]\n"
    "\n"
    "Takes webhooks of every connector of the pipeline file that has a webhook, at\n"
    "\n"
    "    http://LISTEN/hooks/<tenant>/<connector>\n"
    "\n"
    "until SIGTERM or SIGINT, then answers what it has taken and ends. A sender gets 200 only "
    "when\n"
    "the bus has stored all of its body; for the Internet set receive.tls, or\n"
    "put a proxy in front (docs/DEPLOY.md).\n"
    "\n"
    "Sockets that systemd hands over (LISTEN_FDS; named hooks and admin, or in this order) are "
    "used\n"
    "instead of receive.listen and receive.admin: then a restart refuses no connection.\n"
    "\n"
    "Pipeline keys: receive.listen, receive.admin, receive.max_body, archive.raw, and for "
    "WhatsApp\n"
    "connectors verify_token and app_secrets.\n"
    "\n"
    "Example: by hand, signing a body as Meta does (tenant acme, connector wa-main; openssl shows\n"
    "the secret in the process list, so only with one for trying):\n"
    "\n"
    "    body=pipelines/quickstart/whatsapp/01-lucia-asks.json\n"
    "    sum=$(openssl dgst -sha256 -hmac \"$WA_SECRET\" -r \"$body\" | cut -d' ' -f1)\n"
    "    curl -i --data-binary \"@$body\" -H 'Content-Type: application/json' \\\n"
    "         -H \"X-Hub-Signature-256: sha256=$sum\" \\\n"
    "         http://127.0.0.1:8080/hooks/acme/wa-main\n"
    "\n"
    "Answers:\n"
    "    200  stored (or kept as dead letters, when it is signed but cannot be read)\n"
    "    401  signature missing or wrong: compare app_secrets with the secret of the app\n"
    "    403  GET verification with a wrong verify_token\n"
    "    404  no such tenant or connector\n"
    "    413  larger than receive.max_body\n"
    "    503  the bus cannot take it now; the sender comes again after Retry-After\n"
    "\n"
    "With receive.admin set: /metrics (Prometheus), /healthz (alive), /readyz (takes webhooks).\n"
    "SLUICE_LOG=debug logs a line per request. docs/RECEIVE.md has the whole contract.\n"
    "\n"
    "Exit codes: 0 stopped and drained, 1 failed (an address is taken, the bus cannot be used), 2\n"
    "usage or invalid pipeline file. A bus that is away is waited for.\n";

static int run(const struct cli *cli, int argc, char **argv)
{
    if (argc > 1)
        return cli_usage_error(&cli_receive, "no argument is expected, found \"%s\"", argv[1]);
    struct pipeline *pipeline = cli_load_pipeline(cli, &cli_receive);
    if (pipeline == NULL)
        return CLI_USAGE;
    static const char *const names[] = {"hooks", "admin"};
    int handed[2];
    struct err err = {0};
    stop_install();
    enum rc rc = handed_take(names, 2, handed, &err);
    struct receive_conf conf = pipeline->receive;
    conf.handed_listen = handed[0];
    conf.handed_admin = handed[1];
    conf.ready = handed_ready;
    if (rc == RC_OK)
        rc = receive_run(&conf, &pipeline->bus, &err);
    pipeline_free(&pipeline);
    return rc == RC_OK ? CLI_DONE : cli_fail(&cli_receive, &err);
}

const struct cli_verb cli_receive = {
    .name = "receive",
    .summary = "take webhooks, answer when they are stored",
    .help = help,
    .run = run,
};
