#include "transform/map.h"

#include "transform/ids.h"

void map_out_begin(const struct map_out *out, enum record_kind kind, const struct uuid *channel_id,
                   struct record *record_out)
{
    record_init(record_out, kind);
    record_out->tenant = out->conf->tenant;
    record_out->tenant_id = out->conf->tenant_id;
    record_out->channel_id = *channel_id;
    record_out->provider = out->provider;
    record_out->observed_at = out->document.observed_at;
    record_out->source_kind = out->document.source;
}

enum rc map_out_record(struct map_out *out, const struct record *record, struct err *err)
{
    out->counts.records++;
    return out->sink.record(out->sink.context, record, err);
}

enum rc map_out_reject(struct map_out *out, const struct reject *reject, struct err *err)
{
    out->counts.rejects++;
    struct reject placed = *reject;
    placed.offset += out->base_offset;
    return out->sink.reject(out->sink.context, &placed, err);
}

enum rc map_out_fault(struct map_out *out, const struct jpath_fault *fault, struct err *err)
{
    static const enum reject_code codes[] = {
        [JPATH_FAULT_SYNTAX] = REJECT_JSON_SYNTAX,
        [JPATH_FAULT_DEPTH] = REJECT_TOO_DEEP,
        [JPATH_FAULT_SIZE] = REJECT_TOO_LARGE,
    };
    const struct reject reject = {codes[fault->kind], fault->path, fault->offset, fault->detail};
    return map_out_reject(out, &reject, err);
}

/* Whoever pulled it, or gave the file, knows whose it is: a mailbox, a phone. */
static bool is_fetched(const struct map_out *out)
{
    return out->document.source == SOURCE_POLL || out->document.source == SOURCE_FILE;
}

bool map_out_account(const struct map_out *out, struct str account,
                     struct channel_account *account_out)
{
    const struct normalizer_conf *conf = out->conf;
    bool may_be_own = conf->account_count > 0 && (conf->any_account || is_fetched(out));
    if (str_is_null(account) && may_be_own)
        account = conf->accounts[0].account;
    if (str_is_null(account))
        return false;
    for (size_t i = 0; i < conf->account_count; i++) {
        if (str_equal(conf->accounts[i].account, account)) {
            *account_out = conf->accounts[i];
            return true;
        }
    }
    if (!conf->any_account)
        return false;
    *account_out = (struct channel_account){
        account, out->provider, ids_channel(&conf->tenant_id, out->provider, account),
        conf->account_count > 0 ? conf->accounts[0].settings : NULL};
    return true;
}

bool map_out_own_account(const struct map_out *out, struct channel_account *account_out)
{
    if (out->conf->account_count == 0 || str_is_null(out->conf->accounts[0].account))
        return false;
    *account_out = out->conf->accounts[0];
    return true;
}
