#include "pipelines/pipeline.h"

#include <stdlib.h>

#include "connectors/auth.h"
#include "pipelines/pipeline_account.h"
#include "pipelines/pipeline_check.h"
#include "pipelines/pipeline_keys.h"
#include "pipelines/pipeline_mail.h"
#include "transform/channels.h"
#include "transform/ids.h"

#define MS_PER_SECOND 1000
#define MS_PER_DAY (INT64_C(24) * 60 * 60 * MS_PER_SECOND)
#define LOAD_IDLE_MS 2000

/* Where the provider opens and closes conversations itself the gap is unused, but the column is
 * never empty. */
#define UNUSED_SESSION_GAP_S 86400

struct loaded {
    struct pipeline pipeline; /* first: pipeline_free gets its address */
    struct conf *conf;
};

/* ---- channels ---- */

/* Of the channels without modes b2chat is always pulled; webhooks only come sooner. */
static bool is_pulled(const struct file_connector *connector)
{
    return pull_kind_find(connector->channel, connector->mode) != NULL;
}

static bool takes_webhooks(const struct file_connector *connector)
{
    return (!is_pulled(connector) || connector->webhook_tokens.n > 0) &&
           auth_channel_find(connector->channel, connector->provider) != NULL;
}

/* ---- from the file to the stages ---- */

/* Out of memory here would need a file far above its limit: the arena still refuses politely. */
struct resolver {
    struct conf *conf;
    struct arena *arena;
    const struct file_pipeline *file;
    struct pipeline *to;
    struct receive_connector *received;
    struct connector *connectors;
    struct pull_conf *pulls;
    const char **warnings;
    size_t connector_count; /* of all tenants */
};

static void resolve_bus(const struct file_bus *file, const struct bus_property *properties,
                        struct bus_conf *to)
{
    *to = (struct bus_conf){
        .kind = strcmp(file->kind, "kafka") == 0 ? BUS_KAFKA : BUS_EMBEDDED,
        .topic_prefix = file->topic_prefix,
        .path = file->path,
        .retention_days = (int)(file->retention / MS_PER_DAY),
        .brokers = file->brokers,
        .partitions = (int)file->partitions,
        .replication = (int)file->replication,
        .delivery_timeout_ms = (int)file->delivery_timeout,
        .properties = properties,
        .property_count = file->properties.n,
    };
}

static bool resolve_properties(struct resolver *r)
{
    const struct conf_pairs *pairs = &r->file->bus.properties;
    struct bus_property *properties = arena_alloc(r->arena, pairs->n * sizeof *properties);
    if (properties == NULL)
        return false;
    for (size_t i = 0; i < pairs->n; i++)
        properties[i] = (struct bus_property){pairs->v[i].name, pairs->v[i].value};
    resolve_bus(&r->file->bus, properties, &r->to->bus);
    return true;
}

static void resolve_receive(const struct file_pipeline *file, struct receive_conf *to)
{
    const struct file_receive *receive = &file->receive;
    *to = (struct receive_conf){
        .listen = receive->listen,
        .admin = strcmp(receive->admin, "none") == 0 ? NULL : receive->admin,
        .max_body_bytes = (size_t)receive->max_body,
        .threads = (int)receive->threads,
        .idle_timeout_s = (int)(receive->idle_timeout / MS_PER_SECOND),
        .max_connections = (int)receive->max_connections,
        .archive_raw = file->archive.raw,
        .tls = {.certificate = receive->tls.certificate,
                .key = receive->tls.key,
                .client_ca = receive->tls.client_ca,
                .client_name = receive->tls.client_name},
    };
    if (file->spool.path != NULL)
        to->spool = (struct spool_conf){.path = file->spool.path,
                                        .max_bytes = (uint64_t)file->spool.max_size,
                                        .always = strcmp(file->spool.when, "always") == 0};
}

static void resolve_load(struct resolver *r)
{
    const struct file_load *load = &r->file->load;
    r->to->load = (struct load_conf){
        .database_url = r->file->database.url,
        .group = load->group,
        .batch_records = (size_t)load->batch_records,
        .batch_bytes = (size_t)load->batch_bytes,
        .batch_wait_ms = (int)load->batch_wait,
        .idle_ms = LOAD_IDLE_MS,
        .catalog = &r->to->catalog,
    };
}

/* NULL: none, or no memory; then conf refuses the file for its size. */
static const struct str *texts_of(struct arena *arena, const struct conf_texts *texts)
{
    struct str *all = texts->n > 0 ? arena_alloc(arena, texts->n * sizeof *all) : NULL;
    for (size_t i = 0; all != NULL && i < texts->n; i++)
        all[i] = str_of(texts->v[i]);
    return all;
}

static bool resolve_settings(struct arena *arena, const struct file_connector *file,
                             struct channel_settings *to)
{
    *to = (struct channel_settings){
        .api_sender = str_of(file->api_sender),
        .timezone = str_of(file->timezone),
        .date_order = str_of(file->date_order),
        .own = texts_of(arena, &file->own),
        .own_count = file->own.n,
        .thread_per_contact = file->thread_per_contact,
        .reused_id_domains = texts_of(arena, &file->reused_id_domains),
        .reused_id_domain_count = file->reused_id_domains.n,
    };
    return (to->own != NULL || to->own_count == 0) &&
           (to->reused_id_domains != NULL || to->reused_id_domain_count == 0);
}

/* Which of the lists a connector has depends on its channel and provider. */
static struct conf_texts secrets_of(const struct file_connector *file)
{
    const struct conf_texts *const lists[] = {&file->app_secrets, &file->public_keys,
                                              &file->signing_keys, &file->webhook_secrets};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (lists[i]->n > 0)
            return *lists[i];
    return strcmp(file->channel, "email") == 0 ? (struct conf_texts){NULL, 0} : file->keys;
}

/* What the sender proves itself with. */
static void resolve_secrets(struct resolver *r, const struct file_connector *file,
                            struct receive_connector *to)
{
    struct conf_texts secrets = secrets_of(file);
    to->secrets = secrets.v;
    to->secret_count = secrets.n;
    if (file->secret_token == NULL)
        return;
    const char **only = arena_alloc(r->arena, sizeof *only);
    if (only == NULL)
        return;
    *only = file->secret_token;
    to->secrets = only;
    to->secret_count = 1;
}

static bool add_received(struct resolver *r, const struct catalog_tenant *tenant,
                         const struct file_connector *file, const struct catalog_channel *channel)
{
    struct receive_connector *to = &r->received[r->to->receive.connector_count++];
    *to = (struct receive_connector){
        .tenant = tenant->slug,
        .tenant_id = tenant->id,
        .name = file->name,
        .channel = file->channel,
        .provider = channel->provider,
        .map_provider = file->provider,
        .account = channel->account,
        .channel_id = channel->id,
        .verify_token = file->verify_token,
        .basic = file->basic_auth,
        .bearers = file->keys,
        .tokens = file->webhook_tokens,
        .topics = file->topics,
        .refuses_sha1 = !file->sha1_signatures,
        .sns_connect_to = file->sns_connect_to,
        .sns_ca_file = file->sns_ca_file,
        .sent_keys = file->sent_keys,
        .max_body_bytes = (size_t)file->max_body,
        .tolerance_s = file->signature_age / MS_PER_SECOND,
        .is_sent_only = !takes_webhooks(file),
    };
    resolve_secrets(r, file, to);
    return resolve_settings(r->arena, file, &to->settings);
}

static bool is_in_the_clear(const char *url)
{
    static const char *const near[] = {"http://127.", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < sizeof near / sizeof *near; i++)
        if (str_starts_with(str_of(url), near[i]))
            return false;
    return str_starts_with(str_of(url), "http://");
}

static void add_pulled(struct resolver *r, const struct file_connector *file,
                       const struct connector *connector)
{
    if (is_in_the_clear(file->url))
        r->warnings[r->to->warning_count++] = conf_note(
            r->conf, &file->url,
            "warning: what proves this connector goes there unencrypted; https is meant for that");
    r->pulls[r->to->pull_count++] = (struct pull_conf){
        .connector = connector,
        .kind = pull_kind_find(file->channel, file->mode),
        .every_ms = file->every,
        .url = file->url,
        .ca_file = file->ca_file,
        .token = file->token,
        .client_id = file->client_id,
        .client_secret = file->client_secret,
        .from_day = file->since != NULL ? file->since : file->backfill_from,
        .calls_per_second = file->calls_per_second,
        .calls_per_day = file->calls_per_day,
        .login = pipeline_mail_login(file),
        .folders = file->folders.v,
        .folder_count = file->folders.n,
    };
}

static bool resolve_connector(struct resolver *r, const struct catalog_tenant *tenant,
                              const struct file_connector *file, struct catalog_channel *to)
{
    const struct channel *channel = channel_find(str_of(file->channel));
    *to = (struct catalog_channel){
        .provider = pipeline_account_provider(file),
        .medium = channel->medium,
        .account = arena_str(r->arena, pipeline_account(file)).p,
        .name = file->name,
        .source_timezone = file->timezone,
        .provider_sessioned = channel->is_sessioned,
        .session_gap_s =
            file->session_gap > 0 ? (int)(file->session_gap / MS_PER_SECOND) : UNUSED_SESSION_GAP_S,
        .outbound_visible = file->outbound_visible,
    };
    to->id = ids_channel(&tenant->id, str_of(to->provider), str_of(to->account));
    struct connector *connector = &r->connectors[r->to->connector_count++];
    *connector = (struct connector){
        .tenant = tenant->slug,
        .tenant_id = tenant->id,
        .name = file->name,
        .channel = file->channel,
        .provider = to->provider,
        .account = to->account,
        .channel_id = to->id,
        .map_provider = file->provider,
    };
    if (!resolve_settings(r->arena, file, &connector->settings))
        return false;
    if (is_pulled(file))
        add_pulled(r, file, connector);
    bool is_received = takes_webhooks(file) || file->sent_keys.n > 0;
    return !is_received || add_received(r, tenant, file, to);
}

static bool resolve_tenant(struct resolver *r, const struct file_tenant *file,
                           struct catalog_tenant *to)
{
    const struct file_connector *connectors = file->connectors.v;
    struct catalog_channel *to_channels =
        arena_alloc(r->arena, file->connectors.n * sizeof *to_channels);
    if (to_channels == NULL)
        return false;
    *to = (struct catalog_tenant){
        .id = ids_tenant(str_of(file->slug)),
        .slug = file->slug,
        .name = file->name != NULL ? file->name : file->slug,
        .timezone = file->timezone,
        .channels = to_channels,
        .channel_count = file->connectors.n,
    };
    for (size_t i = 0; i < file->connectors.n; i++)
        if (!resolve_connector(r, to, &connectors[i], &to_channels[i]))
            return false;
    return true;
}

static bool resolve_tenants(struct resolver *r)
{
    const struct file_tenant *tenants = r->file->tenants.v;
    size_t count = r->file->tenants.n;
    for (size_t i = 0; i < count; i++)
        r->connector_count += tenants[i].connectors.n;
    struct catalog_tenant *to = arena_alloc(r->arena, count * sizeof *to);
    r->received = arena_alloc(r->arena, r->connector_count * sizeof *r->received);
    r->connectors = arena_alloc(r->arena, r->connector_count * sizeof *r->connectors);
    r->pulls = arena_alloc(r->arena, r->connector_count * sizeof *r->pulls);
    r->warnings = arena_alloc(r->arena, r->connector_count * sizeof *r->warnings);
    if (to == NULL || r->received == NULL || r->connectors == NULL || r->pulls == NULL ||
        r->warnings == NULL)
        return false;
    r->to->catalog = (struct catalog){to, count};
    r->to->receive.connectors = r->received;
    r->to->connectors = r->connectors;
    r->to->pulls = r->pulls;
    r->to->warnings = r->warnings;
    for (size_t i = 0; i < count; i++)
        if (!resolve_tenant(r, &tenants[i], &to[i]))
            return false;
    return true;
}

static enum rc resolve(struct conf *conf, const char *path, const struct file_pipeline *file,
                       struct pipeline *to, struct err *err)
{
    struct resolver r = {.conf = conf, .arena = conf_arena(conf), .file = file, .to = to};
    to->path = arena_str(r.arena, str_of(path)).p;
    to->database_url = file->database.url;
    to->rollup_every_ms = (int)file->rollup.every;
    to->archive_raw = file->archive.raw;
    to->archive_days = (int)file->archive.days;
    resolve_receive(file, &to->receive);
    resolve_load(&r);
    if (to->path == NULL || !resolve_properties(&r) || !resolve_tenants(&r))
        return err_set(err, RC_REJECT, "\"%s\" is too large", path);
    return RC_OK;
}

/* ---- loading ---- */

static enum rc finish(struct loaded *loaded, const char *path, const struct file_pipeline *file,
                      pipeline_report_fn *report, void *context, struct err *err)
{
    pipeline_check(loaded->conf, file);
    enum rc rc = conf_end(loaded->conf, report, context, err);
    return rc == RC_OK ? resolve(loaded->conf, path, file, &loaded->pipeline, err) : rc;
}

/* yaml NULL: read the file. */
static enum rc load(const char *path, struct str yaml, pipeline_report_fn *report, void *context,
                    struct pipeline **pipeline_out, struct err *err)
{
    struct file_pipeline file = {0};
    struct loaded *loaded = xcalloc(1, sizeof *loaded);
    struct pipeline *pipeline = &loaded->pipeline;
    loaded->conf = conf_new(path);
    enum rc rc = RC_OK;
    if (str_is_null(yaml))
        rc = conf_read(loaded->conf, pipeline_keys, &file, err);
    else
        conf_read_text(loaded->conf, yaml, pipeline_keys, &file);
    if (rc == RC_OK)
        rc = finish(loaded, path, &file, report, context, err);
    if (rc != RC_OK)
        pipeline_free(&pipeline);
    *pipeline_out = pipeline;
    return rc;
}

enum rc pipeline_load(const char *path, pipeline_report_fn *report, void *context,
                      struct pipeline **pipeline_out, struct err *err)
{
    return load(path, STR_NULL, report, context, pipeline_out, err);
}

enum rc pipeline_load_text(const char *path, struct str yaml, pipeline_report_fn *report,
                           void *context, struct pipeline **pipeline_out, struct err *err)
{
    return load(path, yaml, report, context, pipeline_out, err);
}

void pipeline_free(struct pipeline **pipeline)
{
    if (pipeline == NULL || *pipeline == NULL)
        return;
    struct loaded *loaded = (struct loaded *)*pipeline;
    conf_free(&loaded->conf);
    free(loaded);
    *pipeline = NULL;
}
