#include "connectors/mail_flow.h"

#include "lib/clock.h"
#include "lib/stop.h"

static struct publish_document document_of(struct mail_flow *flow, const struct mail_place *place)
{
    struct publish_document document = {
        .about = document_at(clock_now_us(), SOURCE_POLL),
        .provider = STR_LIT("mime"),
        .format = STR_LIT("message"),
        .origin = place->origin,
        .key = place->origin,
        .content_type = STR_LIT("message/rfc822"),
        .mark = ++flow->given,
    };
    document.about.received_at = place->received_at;
    document.about.is_sent_folder = place->is_sent_folder;
    document.about.labels = place->labels;
    document.about.label_count = place->label_count;
    return document;
}

static enum rc begin(struct mail_flow *flow, struct err *err)
{
    return pull_begin_run(flow->pull, MAIL_ENTITY, flow->operation, flow->metadata, err);
}

enum rc mail_flow_give(struct mail_flow *flow, const struct mail_place *place, struct str mail,
                       struct err *err)
{
    struct publish_document document = document_of(flow, place);
    enum rc rc = begin(flow, err);
    return rc == RC_OK ? publish_whole(flow->pull->publisher, &document, mail, err) : rc;
}

enum rc mail_flow_refuse(struct mail_flow *flow, const struct mail_place *place, const char *why,
                         struct err *err)
{
    struct publish_document document = document_of(flow, place);
    const struct reject reject = {REJECT_BAD_VALUE, STR_LIT(""), 0, str_of(why)};
    enum rc rc = begin(flow, err);
    return rc == RC_OK ? publish_fault(flow->pull->publisher, &document, &reject, err) : rc;
}

enum rc mail_flow_wait(struct mail_flow *flow, struct err *err)
{
    enum rc rc = publish_wait(flow->pull->publisher, MAIL_DURABLE_MS, err);
    if (rc == RC_AGAIN && !stop_requested())
        rc = err_set(err, RC_RETRY, "the bus did not confirm within %d s", MAIL_DURABLE_MS / 1000);
    return rc;
}

enum rc mail_flow_succeeded(struct mail_flow *flow, int64_t started_at, struct err *err)
{
    struct buf cursor;
    struct sync_state state = {.cursor = &cursor,
                               .succeeded_at = started_at,
                               .counts = pull_run_counts(flow->pull),
                               .took_ms = (clock_now_us() - started_at) / US_PER_MS};
    buf_init(&cursor, 2);
    (void)buf_add_text(&cursor, "{}");
    enum rc rc = sync_save_state(flow->pull->sync, MAIL_ENTITY, &state, err);
    buf_done(&cursor);
    return rc;
}

enum rc mail_flow_end(enum rc rc, struct err *err)
{
    return rc == RC_AGAIN ? err_set(err, RC_AGAIN, "a stop was requested") : rc;
}
