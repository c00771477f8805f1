/* The message record of a mail, with its metadata (email.md 7). */
#include "lib/decimal.h"
#include "transform/email/letter.h"
#include "transform/email/words.h"

#define ADDRESSES_MOST 1000 /* named of each list */

/* ---- metadata ---- */

static void add_list(struct json_writer *json, const char *name, const struct str *v, size_t n)
{
    if (n == 0)
        return;
    json_writer_text(json, str_of(name));
    json_writer_open(json, true);
    for (size_t i = 0; i < n; i++)
        json_writer_text(json, v[i]);
    json_writer_close(json, true);
}

static void add_addresses(struct json_writer *json, const char *name,
                          const struct mail_addresses *list)
{
    struct str v[ADDRESSES_MOST];
    size_t n = list->n < ADDRESSES_MOST ? list->n : ADDRESSES_MOST;
    for (size_t i = 0; i < n; i++)
        v[i] = list->v[i].address;
    add_list(json, name, v, n);
}

static void add_quote(const struct letter *letter, struct json_writer *json)
{
    json_member_text(json, "text_new", letter->new_text.text);
    if (letter->new_text.quote_at == NEW_TEXT_NO_QUOTE)
        return;
    char digits[DECIMAL_TEXT_BYTES];
    size_t n = decimal_format((int64_t)letter->new_text.quote_at, digits);
    json_member_number(json, "quote_at", (struct str){digits, n});
}

static struct str tag_of(const struct mail_own *own, struct str address)
{
    const char *plus = address.n > 0 ? memchr(address.p, '+', address.n) : NULL;
    const char *at =
        plus != NULL ? memchr(plus, '@', address.n - (size_t)(plus - address.p)) : NULL;
    if (at == NULL || at == plus + 1 || plus == address.p || !mail_is_own(own, address))
        return STR_NULL;
    return (struct str){plus + 1, (size_t)(at - plus - 1)};
}

/* "c8f2" of soporte+c8f2@: what the business put into the address that was answered. */
static struct str find_plus(const struct letter *letter)
{
    const struct mail *mail = letter->mail;
    if (mail->plus.n > 0)
        return mail->plus;
    if (letter->sides.is_outbound)
        return STR_NULL;
    struct str tag = tag_of(&letter->own, mail->envelope_to);
    const struct mail_addresses *const lists[] = {&mail->to, &mail->cc};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (size_t k = 0; k < lists[i]->n && str_is_null(tag); k++)
            tag = tag_of(&letter->own, lists[i]->v[k].address);
    return tag;
}

static struct str list_of(const struct mail *mail)
{
    struct str value = words_trim(mail_header_text(mail, "List-Id"));
    const char *open = value.n > 0 ? memrchr(value.p, '<', value.n) : NULL;
    if (open == NULL)
        return value.n > 0 ? value : STR_NULL;
    size_t left = value.n - (size_t)(open + 1 - value.p);
    const char *close = memchr(open + 1, '>', left);
    return (struct str){open + 1, close != NULL ? (size_t)(close - open - 1) : left};
}

/* Sender, where it is somebody else than From. */
static struct str other_sender(const struct mail *mail)
{
    if (mail->sender.n == 0 ||
        (mail->from.n > 0 && str_equal(mail->sender.v[0].address, mail->from.v[0].address)))
        return STR_NULL;
    return mail->sender.v[0].address;
}

static struct str rewritten_from(const struct letter *letter)
{
    const struct mail *mail = letter->mail;
    if (mail->from.n == 0 || str_equal(mail->from.v[0].address, letter->sides.sender.address))
        return STR_NULL;
    return mail->from.v[0].address;
}

static struct str message_metadata(const struct letter *letter)
{
    const struct mail *mail = letter->mail;
    struct json_writer *json = letter->emitter->json;
    const char *class = mail_class_word(letter->class);
    emitter_members(letter->emitter);
    add_quote(letter, json);
    json_member_true(json, "text_cut", letter->is_text_cut);
    json_member_text(json, "subject", mail->subject.n > 0 ? mail->subject : STR_NULL);
    add_addresses(json, "to", &mail->to);
    add_addresses(json, "cc", &mail->cc);
    add_addresses(json, "bcc", &mail->bcc);
    add_addresses(json, "reply_to", &mail->reply_to);
    json_member_text(json, "sender", other_sender(mail));
    json_member_text(json, "from", rewritten_from(letter));
    add_list(json, "references", letter->thread.references, letter->thread.reference_count);
    json_member_text(json, "auto", str_of(class));
    json_member_text(json, "mid_check", letter->thread.mid_check);
    json_member_text(json, "in_list", list_of(mail));
    json_member_text(json, "importance", mail_importance(mail));
    json_member_text(json, "plus", find_plus(letter));
    json_member_true(json, "forwarded", letter->new_text.is_forward || letter->subject.is_forward);
    json_member_true(json, "internal", letter->sides.is_internal);
    json_member_true(json, "own_address_unknown", letter->sides.is_own_address_unknown);
    json_member_true(json, "nul_replaced", mail->is_replaced);
    json_member_text(json, "provider_text_new", mail->provider_text_new);
    if (mail->provider_metadata.n > 0)
        json_writer_raw(json, mail->provider_metadata);
    return emitter_object(letter->emitter);
}

/* ---- the record ---- */

static void fill_sides(const struct letter *letter, struct record_message *message)
{
    const struct mail_sides *sides = &letter->sides;
    if (!str_is_null(sides->contact.address)) {
        message->contact_external_id = sides->contact.address;
        message->contact_id = letter_id(letter, "contact", sides->contact.address);
    }
    message->direction = sides->is_outbound ? STR_LIT("outbound") : STR_LIT("inbound");
    message->status = sides->is_outbound ? STR_LIT("sent") : STR_LIT("received");
    message->sender_type = !sides->is_outbound                    ? STR_LIT("contact")
                           : mail_class_is_program(letter->class) ? STR_LIT("bot")
                                                                  : STR_LIT("agent");
    if (letter_is_by_agent(letter)) {
        message->sender_agent_external_id = sides->sender.address;
        message->sender_agent_id = letter_id(letter, "agent", sides->sender.address);
    }
    message->is_broadcast = sides->is_outbound && mail_is_broadcast(letter->mail);
}

/* Of an announcement: newer than a stub made from a status, older than any full copy. */
#define PARTIAL_AS_OF 2

enum rc letter_emit_message(const struct letter *letter, struct err *err)
{
    struct record record;
    map_out_begin(letter->emitter->out, RECORD_MESSAGE, &letter->account.channel_id, &record);
    record.external_id = letter->thread.message_id;
    record.id = letter_id(letter, "message", letter->thread.message_id);
    struct record_message *message = &record.message;
    message->conversation_external_id = letter->thread.key;
    message->conversation_id = letter_id(letter, "conversation", letter->thread.key);
    message->conversation_kind = STR_LIT("direct");
    message->channel = STR_LIT(MAIL_MEDIUM);
    message->content_as_of = letter->mail->is_partial ? PARTIAL_AS_OF : letter->sent_at;
    message->sent_at = letter->sent_at;
    message->type = STR_LIT("text");
    message->text = letter->text;
    message->reply_to_external_id = letter->thread.reply_to;
    message->ordinal = 0;
    fill_sides(letter, message);
    message->metadata = message_metadata(letter);
    letter_fill_attachments(letter, message);
    return map_out_record(letter->emitter->out, &record, err);
}
