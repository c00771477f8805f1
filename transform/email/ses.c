/* Notifications of Amazon SES: in an envelope of SNS, or bare where raw delivery is on.
 * Source: reference/email.md 1.6. */
#include "transform/email/ses.h"

#include "transform/email/address.h"
#include "transform/email/event.h"
#include "transform/email/providers.h"

struct envelope {
    struct jpath_element element;
    struct str type, topic_arn, message;
    struct ses_notice notice; /* raw delivery */
};

static const struct jpath_rule recipient_rules[] = {
    JPATH_STR("emailAddress", struct ses_recipient, address),
    JPATH_STR("action", struct ses_recipient, action),
    JPATH_STR("status", struct ses_recipient, status),
    JPATH_STR("diagnosticCode", struct ses_recipient, diagnostic),
    JPATH_RULES_END,
};

static const struct jpath_rule receipt_rules[] = {
    JPATH_JSON("recipients", struct ses_receipt, recipients),
    JPATH_STR("spamVerdict.status", struct ses_receipt, spam),
    JPATH_STR("virusVerdict.status", struct ses_receipt, virus),
    JPATH_STR("spfVerdict.status", struct ses_receipt, spf),
    JPATH_STR("dkimVerdict.status", struct ses_receipt, dkim),
    JPATH_STR("dmarcVerdict.status", struct ses_receipt, dmarc),
    JPATH_STR("dmarcPolicy", struct ses_receipt, dmarc_policy),
    JPATH_STR("action.encoding", struct ses_receipt, encoding),
    JPATH_STR("action.topicArn", struct ses_receipt, topic_arn),
    JPATH_STR("action.bucketName", struct ses_receipt, bucket),
    JPATH_STR("action.objectKey", struct ses_receipt, key),
    JPATH_RULES_END,
};

static const struct jpath_rule mail_rules[] = {
    JPATH_STR("timestamp", struct ses_mail, timestamp),
    JPATH_STR("source", struct ses_mail, source),
    JPATH_STR("messageId", struct ses_mail, message_id),
    JPATH_JSON("destination", struct ses_mail, destination),
    JPATH_JSON("headersTruncated", struct ses_mail, headers_truncated),
    JPATH_JSON("headers", struct ses_mail, headers),
    JPATH_STR("sourceArn", struct ses_mail, source_arn),
    JPATH_JSON("tags", struct ses_mail, tags),
    JPATH_JSON("commonHeaders.from", struct ses_mail, from),
    JPATH_JSON("commonHeaders.to", struct ses_mail, to),
    JPATH_JSON("commonHeaders.cc", struct ses_mail, cc),
    JPATH_JSON("commonHeaders.bcc", struct ses_mail, bcc),
    JPATH_JSON("commonHeaders.replyTo", struct ses_mail, reply_to),
    JPATH_STR("commonHeaders.sender", struct ses_mail, sender),
    JPATH_STR("commonHeaders.date", struct ses_mail, date),
    JPATH_STR("commonHeaders.messageId", struct ses_mail, header_id),
    JPATH_STR("commonHeaders.subject", struct ses_mail, subject),
    JPATH_RULES_END,
};

/* The objects of events name alike what they have alike. */
static const struct jpath_rule outcome_rules[] = {
    JPATH_STR("timestamp", struct ses_outcome, timestamp),
    JPATH_STR("bounceType", struct ses_outcome, type),
    JPATH_STR("bounceSubType", struct ses_outcome, sub_type),
    JPATH_EACH("bouncedRecipients", struct ses_outcome, bounced, struct ses_recipient,
               recipient_rules),
    JPATH_EACH("complainedRecipients", struct ses_outcome, complained, struct ses_recipient,
               recipient_rules),
    JPATH_EACH("delayedRecipients", struct ses_outcome, delayed, struct ses_recipient,
               recipient_rules),
    JPATH_JSON("recipients", struct ses_outcome, recipients),
    JPATH_STR("feedbackId", struct ses_outcome, feedback_id),
    JPATH_STR("complaintSubType", struct ses_outcome, complaint_sub_type),
    JPATH_STR("complaintFeedbackType", struct ses_outcome, complaint_type),
    JPATH_STR("smtpResponse", struct ses_outcome, response),
    JPATH_STR("reportingMTA", struct ses_outcome, reporting_mta),
    JPATH_STR("delayType", struct ses_outcome, delay_type),
    JPATH_STR("expirationTime", struct ses_outcome, expiration),
    JPATH_STR("reason", struct ses_outcome, reason),
    JPATH_STR("errorMessage", struct ses_outcome, error_message),
    JPATH_STR("templateName", struct ses_outcome, template_name),
    JPATH_STR("ipAddress", struct ses_outcome, ip),
    JPATH_STR("userAgent", struct ses_outcome, user_agent),
    JPATH_STR("link", struct ses_outcome, link),
    JPATH_RULES_END,
};

static const struct jpath_rule notice_rules[] = {
    JPATH_STR("notificationType", struct ses_notice, notification_type),
    JPATH_STR("eventType", struct ses_notice, event_type),
    JPATH_STR("content", struct ses_notice, content),
    JPATH_PART("receipt", struct ses_notice, receipt, struct ses_receipt, receipt_rules),
    JPATH_PART("mail", struct ses_notice, mail, struct ses_mail, mail_rules),
    JPATH_PART("bounce", struct ses_notice, bounce, struct ses_outcome, outcome_rules),
    JPATH_PART("complaint", struct ses_notice, complaint, struct ses_outcome, outcome_rules),
    JPATH_PART("delivery", struct ses_notice, delivery, struct ses_outcome, outcome_rules),
    JPATH_PART("deliveryDelay", struct ses_notice, delay, struct ses_outcome, outcome_rules),
    JPATH_PART("reject", struct ses_notice, refusal, struct ses_outcome, outcome_rules),
    JPATH_PART("failure", struct ses_notice, failure, struct ses_outcome, outcome_rules),
    JPATH_PART("open", struct ses_notice, open, struct ses_outcome, outcome_rules),
    JPATH_PART("click", struct ses_notice, click, struct ses_outcome, outcome_rules),
    JPATH_RULES_END,
};

static const struct jpath_rule envelope_rules[] = {
    JPATH_STR("Type", struct envelope, type),
    JPATH_STR("TopicArn", struct envelope, topic_arn),
    JPATH_STR("Message", struct envelope, message),
    JPATH_PART("", struct envelope, notice, struct ses_notice, notice_rules),
    JPATH_RULES_END,
};

/* ---- inbound mail ---- */

static struct str mail_metadata(struct map *map, const struct ses_notice *notice)
{
    const struct ses_receipt *receipt = &notice->receipt;
    members_begin(map);
    json_member_text(map->json, "provider_message_id", payload_text(notice->mail.message_id));
    json_member_text(map->json, "spam_verdict", payload_text(receipt->spam));
    json_member_text(map->json, "virus_verdict", payload_text(receipt->virus));
    json_member_text(map->json, "spf", payload_text(receipt->spf));
    json_member_text(map->json, "dkim", payload_text(receipt->dkim));
    json_member_text(map->json, "dmarc", payload_text(receipt->dmarc));
    json_member_text(map->json, "dmarc_policy", payload_text(receipt->dmarc_policy));
    json_member_text(map->json, "bucket", payload_text(receipt->bucket));
    json_member_text(map->json, "object_key", payload_text(receipt->key));
    return members_end(map);
}

/* Without headers there is no colon; nothing in base64 is one. */
static bool is_base64(const struct ses_notice *notice)
{
    if (notice->receipt.encoding.n > 0)
        return str_is(notice->receipt.encoding, "BASE64") ||
               str_is(notice->receipt.encoding, "Base64");
    return memchr(notice->content.p, ':', notice->content.n) == NULL;
}

static void take_envelope(struct draft *draft, const struct ses_notice *notice)
{
    struct mail *mail = &draft->mail;
    struct arena *arena = draft->map->arena;
    struct str recipient = tree_first_text(arena, notice->receipt.recipients);
    if (recipient.n == 0)
        recipient = tree_first_text(arena, notice->mail.destination);
    if (recipient.n > 0)
        mail->envelope_to = mail_address_key(arena, recipient);
    mail->envelope_from = notice->mail.source;
    mail->received_at = event_time(notice->mail.timestamp);
    mail->provider_metadata = mail_metadata(draft->map, notice);
}

static void take_common_headers(struct draft *draft, const struct ses_mail *from)
{
    struct mail *mail = &draft->mail;
    draft_headers_json(draft, from->headers);
    draft_addresses_json(draft, &mail->from, from->from);
    draft_addresses(draft, &mail->sender, from->sender);
    draft_addresses_json(draft, &mail->to, from->to);
    draft_addresses_json(draft, &mail->cc, from->cc);
    draft_addresses_json(draft, &mail->bcc, from->bcc);
    draft_addresses_json(draft, &mail->reply_to, from->reply_to);
    mail->date = payload_text(from->date);
    mail->subject = payload_text(from->subject);
    if (from->header_id.n > 0)
        mail->message_id = mail_message_id(draft->map->arena, from->header_id);
}

static enum rc emit_mail(struct map *map, const struct ses_notice *notice, struct err *err)
{
    struct draft draft;
    draft_begin(&draft, map);
    take_envelope(&draft, notice);
    if (notice->content.n > 0)
        return draft_emit_raw(
            &draft,
            is_base64(notice) ? base64_decode(map->arena, notice->content) : notice->content, err);
    take_common_headers(&draft, &notice->mail);
    draft.mail.is_partial = true;
    return draft_emit(&draft, err);
}

/* ---- events ---- */

static const struct event_word events[] = {
    {"Send", EVENT_SENT},
    {"Delivery", EVENT_DELIVERED},
    {"DeliveryDelay", EVENT_KEPT},
    {"Open", EVENT_READ},
    {"Click", EVENT_READ},
    {"Bounce", EVENT_BOUNCE},
    {"Complaint", EVENT_COMPLAINT},
    {"Reject", EVENT_REJECTED},
    {"Rendering Failure", EVENT_REJECTED},
    {NULL, EVENT_IGNORED}, /* Subscription is about the contact */
};

static const struct ses_outcome *outcome_of(const struct ses_notice *notice, struct str word)
{
    static const struct ses_outcome none;
    return str_is(word, "Bounce")              ? &notice->bounce
           : str_is(word, "Complaint")         ? &notice->complaint
           : str_is(word, "Delivery")          ? &notice->delivery
           : str_is(word, "DeliveryDelay")     ? &notice->delay
           : str_is(word, "Reject")            ? &notice->refusal
           : str_is(word, "Rendering Failure") ? &notice->failure
           : str_is(word, "Open")              ? &notice->open
           : str_is(word, "Click")             ? &notice->click
                                               : &none;
}

static struct str event_metadata(struct map *map, const struct ses_mail *mail,
                                 const struct ses_outcome *outcome)
{
    members_begin(map);
    json_member_text(map->json, "bounce_type", payload_text(outcome->type));
    json_member_text(map->json, "bounce_sub_type", payload_text(outcome->sub_type));
    json_member_text(map->json, "complaint_type", payload_text(outcome->complaint_type));
    json_member_text(map->json, "complaint_sub_type", payload_text(outcome->complaint_sub_type));
    json_member_text(map->json, "delay_type", payload_text(outcome->delay_type));
    json_member_text(map->json, "expires_at", payload_text(outcome->expiration));
    json_member_text(map->json, "feedback_id", payload_text(outcome->feedback_id));
    json_member_text(map->json, "reporting_mta", payload_text(outcome->reporting_mta));
    json_member_text(map->json, "response", payload_text(outcome->response));
    json_member_text(map->json, "template", payload_text(outcome->template_name));
    json_member_text(map->json, "user_agent", payload_text(outcome->user_agent));
    json_member_text(map->json, "ip", payload_text(outcome->ip));
    json_member_text(map->json, "link", payload_text(outcome->link));
    json_member_json(map->json, "tags", mail->tags);
    return members_end(map);
}

static struct str type_of(struct map *map, const struct ses_outcome *outcome, struct str word)
{
    const struct str parts[] = {outcome->type, STR_LIT("/"), outcome->sub_type};
    if (str_is(word, "Rendering Failure"))
        return STR_LIT("rendering_failure");
    return outcome->sub_type.n > 0 ? arena_join(map->arena, parts, 3) : outcome->type;
}

static enum rc emit_recipients(struct map *map, const struct event_report *report,
                               const struct jpath_list *recipients, struct err *err)
{
    enum rc rc = RC_OK;
    for (struct jpath_element *e = recipients->first; e != NULL && rc == RC_OK; e = e->next) {
        const struct ses_recipient *recipient = (const void *)e;
        struct event_report one = *report;
        one.recipient = recipient->address;
        one.enhanced = recipient->status;
        if (recipient->diagnostic.n > 0)
            one.text = recipient->diagnostic;
        rc = event_emit(map, &one, err);
    }
    return rc;
}

/* One for each address; without any, one that names nobody. */
static enum rc emit_addresses(struct map *map, const struct event_report *report,
                              struct str addresses, struct err *err)
{
    struct draft draft;
    struct mail_addresses list = {NULL, 0};
    draft_begin(&draft, map);
    draft_addresses_json(&draft, &list, addresses);
    enum rc rc = list.n == 0 ? event_emit(map, report, err) : RC_OK;
    for (size_t i = 0; i < list.n && rc == RC_OK; i++) {
        struct event_report one = *report;
        one.recipient = list.v[i].address;
        rc = event_emit(map, &one, err);
    }
    return draft.is_full ? RC_REJECT : rc;
}

/* Opens and clicks do not say whose they are. */
static enum rc emit_reports(struct map *map, const struct ses_notice *notice,
                            const struct ses_outcome *outcome, const struct event_report *report,
                            struct err *err)
{
    const struct jpath_list *lists[] = {&outcome->bounced, &outcome->complained, &outcome->delayed};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (lists[i]->count > 0)
            return emit_recipients(map, report, lists[i], err);
    if (report->kind == EVENT_READ)
        return event_emit(map, report, err);
    bool names_them = !str_is_null(outcome->recipients);
    return emit_addresses(map, report, names_them ? outcome->recipients : notice->mail.destination,
                          err);
}

static enum rc emit_event(struct map *map, const struct ses_notice *notice, struct str topic_arn,
                          struct err *err)
{
    struct str word = notice->event_type.n > 0 ? notice->event_type : notice->notification_type;
    enum event_kind kind = event_kind_of(events, word);
    const struct ses_outcome *outcome = outcome_of(notice, word);
    const struct ses_mail *mail = &notice->mail;
    struct str region = event_arn_region(mail->source_arn);
    if (kind == EVENT_IGNORED)
        return payload_ignore(map);
    if (str_is_null(region))
        region = event_arn_region(topic_arn);
    if (str_is_null(region))
        return payload_reject(map, REJECT_MISSING_MEMBER, "mail.sourceArn",
                              "expected an ARN: its region is part of the mail's id", err);
    struct event_report report = {
        .kind = kind,
        .message_id = event_id_ses(map->arena, mail->message_id, region),
        .word = word,
        .type = type_of(map, outcome, word),
        .text = outcome->error_message.n > 0 ? outcome->error_message
                : outcome->reason.n > 0      ? outcome->reason
                                             : outcome->response,
        .at = event_time(outcome->timestamp.n > 0 ? outcome->timestamp : mail->timestamp),
        .metadata = event_metadata(map, mail, outcome),
    };
    return emit_reports(map, notice, outcome, &report, err);
}

/* ---- envelopes ---- */

#define VALIDATION "Successfully validated SNS topic"

static enum rc take_notice(struct map *map, const struct ses_notice *notice, struct str topic_arn,
                           struct err *err)
{
    if (str_is(notice->notification_type, "Received"))
        return emit_mail(map, notice, err);
    if (notice->notification_type.n > 0 || notice->event_type.n > 0)
        return emit_event(map, notice, topic_arn, err);
    return payload_reject(map, REJECT_MISSING_MEMBER, "notificationType",
                          "expected a notification of Amazon SES", err);
}

static enum rc take_message(struct map *map, const struct envelope *envelope, struct err *err)
{
    struct ses_notice notice;
    struct err found;
    if (str_starts_with(envelope->message, VALIDATION))
        return payload_ignore(map);
    memset(&notice, 0, sizeof notice);
    enum rc rc = payload_inner(map, envelope->message, &notice, &found);
    if (rc == RC_REJECT)
        return payload_reject(map, REJECT_JSON_SYNTAX, "Message", found.msg, err);
    return rc == RC_OK ? take_notice(map, &notice, envelope->topic_arn, err) : rc;
}

static enum rc take_envelope_of_sns(struct map *map, const struct envelope *envelope,
                                    struct err *err)
{
    if (str_is(envelope->type, "SubscriptionConfirmation") ||
        str_is(envelope->type, "UnsubscribeConfirmation"))
        return payload_ignore(map);
    if (envelope->message.n > 0)
        return take_message(map, envelope, err);
    return take_notice(map, &envelope->notice, envelope->topic_arn, err);
}

static enum rc envelope_end(void *context, void *element, struct err *err)
{
    return payload_done(context, take_envelope_of_sns(context, element, err));
}

/* With raw delivery the text by which SES validates a topic comes bare: no JSON, so that it is read
 * as a form of one name. */
static enum rc take_form(struct map *map, const struct form_field *fields, struct err *err)
{
    if (fields != NULL && str_starts_with(fields->name, VALIDATION))
        return payload_ignore(map);
    return payload_reject(map, REJECT_JSON_SYNTAX, "", "expected a JSON body", err);
}

PAYLOAD_RULES(struct envelope, envelope_rules, envelope_end)

static struct map *ses_open(struct map_out *out)
{
    static const struct payload_reader reader = {
        .object = object_rules, .list = list_rules, .inner = notice_rules, .form = take_form};
    return payload_open(out, &reader);
}

const struct map_ops email_ses_webhook_map = {
    .provider = "ses",
    .format = "webhook",
    .reads = "a notification of Amazon SES through SNS",
    .source = SOURCE_WEBHOOK,
    .open = ses_open,
    PAYLOAD_OPS,
};
