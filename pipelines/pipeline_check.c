#include "pipelines/pipeline_check.h"

#include "lib/conf_value.h"
#include "pipelines/pipeline_account.h"
#include "pipelines/pipeline_mail.h"
#include "pipelines/pipeline_senders.h"

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void check_port(struct conf *conf, const char *const *address)
{
    const char *colon = *address != NULL ? strrchr(*address, ':') : NULL;
    int64_t port;
    if (colon != NULL && (!conf_value_int(str_of(colon + 1), &port) || port > 65535))
        conf_fault(conf, address, "expected a port from 0 to 65535 after the last colon");
}

static void check_needs(struct conf *conf, const struct file_connector *connector)
{
    if (same(connector->channel, "telegram") && same(connector->mode, "webhook") &&
        connector->secret_token == NULL)
        conf_fault(conf, &connector->name,
                   "secret_token is missing; telegram's mode webhook needs it to know its sender");
    if (same(connector->channel, "email") && same(connector->mode, "webhook") &&
        connector->provider == NULL)
        conf_fault(conf, &connector->name,
                   "provider is missing; email's mode webhook needs it, such as postmark");
}

static bool is_one_channel(const struct file_connector *a, const struct file_connector *b)
{
    struct str account = pipeline_account(a);
    return !str_is_null(account) && str_equal(account, pipeline_account(b)) &&
           same(pipeline_account_provider(a), pipeline_account_provider(b));
}

static void check_repeats(struct conf *conf, const struct file_connector *earlier,
                          const struct file_connector *connector)
{
    const char *const *account =
        connector->account != NULL ? &connector->account : &connector->token;
    if (same(earlier->name, connector->name))
        conf_fault(conf, &connector->name, "\"%s\" names another connector of this tenant already",
                   connector->name);
    if (is_one_channel(earlier, connector))
        conf_fault(conf, account,
                   "this account is carried by connector \"%s\" of this tenant already",
                   earlier->name != NULL ? earlier->name : "?");
}

static void check_tenant(struct conf *conf, const struct file_tenant *tenant)
{
    const struct file_connector *connectors = tenant->connectors.v;
    for (size_t i = 0; i < tenant->connectors.n; i++) {
        check_needs(conf, &connectors[i]);
        pipeline_senders_check(conf, &connectors[i]);
        pipeline_mail_check(conf, &connectors[i]);
        for (size_t j = 0; j < i; j++)
            check_repeats(conf, &connectors[j], &connectors[i]);
    }
}

static void check_tls(struct conf *conf, const struct file_tls *tls)
{
    if (tls->client_name != NULL && tls->client_ca == NULL)
        conf_fault(conf, &tls->client_name,
                   "client_ca is missing; without it no client is asked for a certificate");
}

/* One file cannot stand in for itself. */
static void check_spool(struct conf *conf, const struct file_pipeline *file)
{
    if (same(file->spool.path, file->bus.path))
        conf_fault(conf, &file->spool.path, "the bus has this file; the spool needs its own");
}

void pipeline_check(struct conf *conf, const struct file_pipeline *file)
{
    const struct file_tenant *tenants = file->tenants.v;
    check_port(conf, &file->receive.listen);
    check_port(conf, &file->receive.admin);
    check_spool(conf, file);
    check_tls(conf, &file->receive.tls);
    for (size_t i = 0; i < file->tenants.n; i++) {
        check_tenant(conf, &tenants[i]);
        for (size_t j = 0; j < i; j++)
            if (same(tenants[j].slug, tenants[i].slug))
                conf_fault(conf, &tenants[i].slug, "\"%s\" names another tenant already",
                           tenants[i].slug);
    }
}
