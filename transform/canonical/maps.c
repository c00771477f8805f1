#include "transform/canonical/maps.h"

#include <stdlib.h>

#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/jpath.h"

struct place { /* where a record belongs, as its line says */
    struct str kind, provider, account, channel_id;
};

struct map {
    struct map_out *out;
    struct jpath *jpath;
    struct buf line;
};

static const struct jpath_rule place_rules[] = {
    JPATH_STR("kind", struct place, kind),
    JPATH_STR("provider", struct place, provider),
    JPATH_SCALAR("account", struct place, account),
    JPATH_STR("channel_id", struct place, channel_id),
    JPATH_RULES_END,
};

static struct map *canonical_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    map->out = out;
    map->jpath = jpath_new(place_rules);
    buf_init(&map->line, LIMIT_RECORD_BYTES + 1);
    return map;
}

static void canonical_close(struct map *map)
{
    jpath_free(&map->jpath);
    buf_done(&map->line);
    free(map);
}

static void canonical_begin(struct map *map)
{
    buf_reset(&map->line);
}

static enum rc canonical_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    (void)err;
    (void)buf_add(&map->line, bytes, n); /* what is too long is refused at its end */
    return RC_OK;
}

static enum rc reject(struct map *map, enum reject_code code, const char *path, struct str detail,
                      struct err *err)
{
    const struct reject reject = {code, str_of(path), 0, detail};
    return map_out_reject(map->out, &reject, err);
}

/* RC_REJECT: the line is no JSON; jpath_fault says where. */
static enum rc read_place(struct map *map, struct place *place)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, LIMIT_JSON_STRING_BYTES,
                                               LIMIT_RECORD_BYTES};
    struct err fault;
    struct str line = buf_peek(&map->line);
    jpath_begin(map->jpath, &limits, map->out->arena, place, NULL);
    enum rc rc = jpath_feed(map->jpath, line.p, line.n, &fault);
    return rc == RC_OK ? jpath_finish(map->jpath, &fault) : rc;
}

static bool is_configured(const struct map_out *out, const struct uuid *channel_id)
{
    const struct normalizer_conf *conf = out->conf;
    for (size_t i = 0; i < conf->account_count; i++)
        if (uuid_order(&conf->accounts[i].channel_id, channel_id) == 0)
            return true;
    return conf->any_account;
}

/* Provider and channel of a line that does not state the channel's id. */
static void default_channel(const struct normalizer_conf *conf, const struct place *place,
                            struct record *defaults)
{
    struct str account = place->account;
    if (conf->account_count > 0)
        defaults->provider = conf->accounts[0].provider;
    if (!str_is_null(place->provider))
        defaults->provider = place->provider;
    if (str_is_null(account) && conf->account_count > 0 &&
        str_equal(defaults->provider, conf->accounts[0].provider))
        account = conf->accounts[0].account;
    if (!str_is_null(account))
        defaults->channel_id = ids_channel(&conf->tenant_id, defaults->provider, account);
}

/* RECORD_KINDS: no kind, which the decoder refuses. */
static enum record_kind kind_of(struct str word)
{
    enum record_kind kind = 0;
    while (kind < RECORD_KINDS && !str_is(word, record_kind_name(kind)))
        kind++;
    return kind;
}

static enum rc take(struct map *map, const struct record *record, struct err *err)
{
    if (!str_equal(record->tenant, map->out->conf->tenant))
        return reject(map, REJECT_UNKNOWN_ACCOUNT, "tenant",
                      STR_LIT("the record belongs to another tenant than its connector"), err);
    if (!is_configured(map->out, &record->channel_id))
        return reject(map, REJECT_UNKNOWN_ACCOUNT, "channel_id",
                      STR_LIT("no connector of this tenant has that provider and account"), err);
    return map_out_record(map->out, record, err);
}

static enum rc read_record(struct map *map, struct err *err)
{
    struct place place = {STR_NULL, STR_NULL, STR_NULL, STR_NULL};
    struct record defaults;
    struct record record;
    struct err fault = {.msg = ""};
    if (read_place(map, &place) != RC_OK)
        return map_out_fault(map->out, jpath_fault(map->jpath), err);
    map_out_begin(map->out, RECORD_CONTACT, &UUID_NULL, &defaults);
    defaults.kind = kind_of(place.kind);
    default_channel(map->out->conf, &place, &defaults);
    if (uuid_is_none(&defaults.channel_id) && str_is_null(place.channel_id))
        return reject(map, REJECT_MISSING_MEMBER, "account",
                      STR_LIT("expected \"channel_id\", or \"provider\" and \"account\", of the "
                              "channel that the record belongs to"),
                      err);
    if (record_decode_partial(buf_peek(&map->line), map->out->arena, &defaults, &record, &fault) !=
        RC_OK)
        return reject(map, REJECT_BAD_VALUE, "", str_of(fault.msg), err);
    return take(map, &record, err);
}

static enum rc canonical_end(struct map *map, struct err *err)
{
    if (buf_is_full(&map->line) || map->line.n > LIMIT_RECORD_BYTES)
        return reject(map, REJECT_TOO_LARGE, "", STR_LIT("the line is longer than a record may be"),
                      err);
    return read_record(map, err);
}

static const struct map_ops canonical_lines_map = {
    .provider = "custom",
    .format = "lines",
    .account_provider = "custom",
    .reads = "canonical records, one JSON object a line",
    .source = SOURCE_WEBHOOK,
    .is_lines = true,
    .open = canonical_open,
    .begin = canonical_begin,
    .feed = canonical_feed,
    .end = canonical_end,
    .close = canonical_close,
};

const struct map_ops *const canonical_maps[] = {&canonical_lines_map, NULL};
