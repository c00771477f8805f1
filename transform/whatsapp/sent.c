#include <stdlib.h>

#include "lib/limits.h"
#include "transform/whatsapp/content.h"
#include "transform/whatsapp/maps.h"

struct sent_document {
    struct wa_pair pair; /* of a document that is one pair */
};

struct map {
    struct map_out *out;
    struct jpath *jpath;
    struct json_writer *json;
    struct sent_document document;
    struct wa_value no_value; /* a pair has no change around it */
    bool is_dead;             /* nothing more is read of the document */
    bool has_pairs;           /* it is an array, with elements */
    uint64_t replaced_before; /* characters, up to the end of the pair before */
};

/* ---- what a pair says ---- */

/* What the platform has yet to decide on is not sent (message_status: accepted,
 * held_for_quality_assessment, paused). */
static struct str state_of(const struct wa_receipt *receipt)
{
    bool is_accepted = str_is_null(wa_text(receipt->state)) || str_is(receipt->state, "accepted");
    return is_accepted ? STR_NULL : STR_LIT("PENDING");
}

static bool read_moment(struct str text, int64_t *at_out)
{
    return wa_read_time(text, at_out) ||
           (clock_parse(text, at_out) && wa_time_is_possible(*at_out));
}

/* The response has no time of its own: that of capture stands for it (canonical-model 11.5). */
static bool sent_at(const struct map *map, const struct wa_pair *pair, int64_t *at_out)
{
    const struct document *document = &map->out->document;
    *at_out = document->as_of != TIME_NONE ? document->as_of : document->observed_at;
    return str_is_null(wa_text(pair->sent_at)) || read_moment(pair->sent_at, at_out);
}

/* Whom the platform says the message is for. Its number may be spelled otherwise than in the
 * request, and statuses will name this one. */
static bool read_contact(struct wa_scope *scope, struct wa_contact *contact)
{
    const struct str texts[] = {contact->wa_id, contact->user_id, contact->parent_id,
                                contact->input};
    return wa_party_add_all(scope, &contact->party, texts, sizeof texts / sizeof texts[0]);
}

/* Marks of reading and typing indicators go to the same place as messages. */
static bool is_mark(const struct wa_request *request)
{
    return !str_is_null(request->status) ||
           (!str_is_null(request->typing_type) && str_is_null(request->message.content.type));
}

/* No object, or one that is no request: a text, say, in which the request is written. */
static bool says_nothing(const struct wa_request *request)
{
    const struct wa_message *message = &request->message;
    return str_is_null(message->content.type) && str_is_null(message->to.id) &&
           str_is_null(message->to.user_id);
}

static bool is_refused(const struct wa_response *response)
{
    return response->error != NULL && response->messages.count == 0;
}

/* ---- pairs ---- */

static enum rc take_message(struct wa_scope *scope, const struct wa_pair *pair,
                            struct wa_source *source, struct err *err)
{
    struct wa_message *message = &pair->request->message;
    const struct wa_receipt *receipt = (const void *)pair->response->messages.first;
    struct wa_contact *contact = (void *)pair->response->contacts.first;
    if (receipt == NULL || str_is_null(wa_text(receipt->id)))
        return wa_scope_reject(scope, REJECT_MISSING_MEMBER, "response.messages[0].id",
                               "expected the message's id", err);
    if (contact != NULL && !read_contact(scope, contact))
        return wa_no_memory(err);
    source->thread = contact;
    message->id = receipt->id;
    message->state = state_of(receipt);
    if (str_is_null(message->content.type))
        message->content.type = STR_LIT("text"); /* which is what the platform takes it for */
    message->element = pair->request->element;
    message->element.index = WA_NO_INDEX;
    struct jpath_list one = {&message->element, &message->element, 1};
    wa_scope_add_messages(scope, &one, source);
    return wa_scope_take(scope, err);
}

/* Told at the door of a connector, a pair need not say whose number it is. */
static bool find_account(struct wa_scope *scope, struct str account)
{
    return str_is_null(account) ? map_out_own_account(scope->out, &scope->account)
                                : map_out_account(scope->out, account, &scope->account);
}

static enum rc take_pair(struct wa_scope *scope, const struct wa_pair *pair,
                         struct wa_source *source, struct err *err)
{
    struct str account = wa_text(pair->phone_number_id);
    const char *member = "phone_number_id";
    if (str_is_null(account)) {
        account = wa_text(pair->account);
        member = str_is_null(account) ? member : "account";
    }
    if (pair->request == NULL)
        return wa_scope_reject(scope, REJECT_MISSING_MEMBER, "request", "expected an object", err);
    if (is_mark(pair->request) || (pair->response != NULL && is_refused(pair->response))) {
        scope->out->counts.ignored++;
        return RC_OK;
    }
    if (says_nothing(pair->request))
        return wa_scope_reject(scope, REJECT_BAD_VALUE, "request",
                               "expected an object with the message's type or whom it is for", err);
    if (pair->response == NULL)
        return wa_scope_reject(scope, REJECT_MISSING_MEMBER, "response", "expected an object", err);
    if (!find_account(scope, account))
        return str_is_null(account)
                   ? wa_scope_reject(scope, REJECT_MISSING_MEMBER, member,
                                     "expected the id of the business number", err)
                   : wa_scope_reject(scope, REJECT_UNKNOWN_ACCOUNT, member,
                                     "the number is not configured for this tenant", err);
    return take_message(scope, pair, source, err);
}

static enum rc begin_pair(struct map *map, struct wa_pair *pair, struct str path, struct err *err)
{
    uint64_t replaced = jpath_replaced(map->jpath);
    uint64_t nuls =
        pair->element.replaced + (pair->request != NULL ? pair->request->element.replaced : 0);
    struct wa_change change = {.element = pair->element, .path = path};
    change.surrogates = replaced - map->replaced_before - nuls;
    map->replaced_before = replaced;
    struct wa_scope scope = {.out = map->out,
                             .json = map->json,
                             .jpath = map->jpath,
                             .change = &change,
                             .value = &map->no_value,
                             .source_kind = SOURCE_SENT};
    struct wa_source source = {
        .path = STR_LIT("request"), .direction = WA_OUTBOUND, .is_api = true};
    if (!sent_at(map, pair, &source.at))
        return wa_scope_reject(&scope, REJECT_BAD_VALUE, "sent_at",
                               "expected seconds since 1970, or a time with its offset", err);
    return take_pair(&scope, pair, &source, err);
}

static enum rc pair_end(void *context, void *element, struct err *err)
{
    struct map *map = context;
    map->has_pairs = true;
    struct str path = jpath_path(map->jpath, map->out->arena);
    enum rc rc = begin_pair(map, element, path, err);
    arena_reset(map->out->arena); /* memory stays flat however many pairs there are */
    return rc;
}

static const struct jpath_rule document_rules[] = {
    JPATH_PART("", struct sent_document, pair, struct wa_pair, wa_pair_rules),
    JPATH_END("[]", struct wa_pair, wa_pair_rules, pair_end),
    JPATH_RULES_END,
};

/* ---- documents ---- */

static struct map *sent_open(struct map_out *out)
{
    struct map *map = xcalloc(1, sizeof *map);
    map->out = out;
    map->jpath = jpath_new(document_rules);
    map->json = json_writer_new(LIMIT_RECORD_BYTES);
    return map;
}

static void sent_close(struct map *map)
{
    jpath_free(&map->jpath);
    json_writer_free(&map->json);
    free(map);
}

static void sent_begin(struct map *map)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, LIMIT_JSON_STRING_BYTES,
                                               LIMIT_JSON_DOCUMENT_BYTES};
    map->document = (struct sent_document){.pair = {.account = STR_NULL}};
    map->is_dead = map->has_pairs = false;
    map->replaced_before = 0;
    jpath_begin(map->jpath, &limits, map->out->arena, &map->document, map);
}

static enum rc reject_fault(struct map *map, struct err *err)
{
    map->is_dead = true;
    return map_out_fault(map->out, jpath_fault(map->jpath), err);
}

static enum rc sent_feed(struct map *map, const char *bytes, size_t n, struct err *err)
{
    if (map->is_dead)
        return RC_OK;
    enum rc rc = jpath_feed(map->jpath, bytes, n, err);
    return rc == RC_REJECT ? reject_fault(map, err) : rc;
}

static enum rc take_single(struct map *map, struct err *err)
{
    if (map->has_pairs)
        return RC_OK;
    enum rc rc = begin_pair(map, &map->document.pair, STR_LIT(""), err);
    if (rc != RC_REJECT)
        return rc;
    struct reject reject = {REJECT_TOO_LARGE, STR_NULL, jpath_offset(map->jpath),
                            STR_LIT("the document needs more memory than one document may take")};
    return map_out_reject(map->out, &reject, err);
}

static enum rc sent_end(struct map *map, struct err *err)
{
    if (map->is_dead)
        return RC_OK;
    enum rc rc = jpath_finish(map->jpath, err);
    if (rc == RC_REJECT)
        rc = reject_fault(map, err);
    else if (rc == RC_OK)
        rc = take_single(map, err);
    map->out->counts.text_replaced += jpath_replaced(map->jpath);
    return rc;
}

const struct map_ops whatsapp_sent_map = {
    .provider = "whatsapp_cloud",
    .format = "sent",
    .account_provider = "whatsapp_cloud",
    .reads = "send requests to the WhatsApp Cloud API with their responses",
    .source = SOURCE_SENT,
    .open = sent_open,
    .begin = sent_begin,
    .feed = sent_feed,
    .end = sent_end,
    .close = sent_close,
};
