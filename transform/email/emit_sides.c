/* Contact, agent and conversation records of a mail. */
#include "lib/limits.h"
#include "transform/email/letter.h"
#include "transform/email/words.h"

/* Of what is said about somebody by others, and of what follows from the address: whatever the
 * person or a customer system says wins (canonical-model 6.1). */
#define HEARSAY_AS_OF 1

static bool is_named(const struct mail_address *address)
{
    return address->name.n > 0 && !str_equal(address->name, address->address);
}

enum rc letter_emit_contact(const struct letter *letter, struct err *err)
{
    const struct mail_address *person = &letter->sides.contact;
    if (str_is_null(person->address))
        return RC_OK;
    struct record record;
    map_out_begin(letter->emitter->out, RECORD_CONTACT, &letter->account.channel_id, &record);
    record.external_id = person->address;
    record.id = letter_id(letter, "contact", person->address);
    struct record_contact *contact = &record.contact;
    contact->is_stub = false;
    if (is_named(person)) {
        contact->profile_as_of = letter->sides.is_outbound ? HEARSAY_AS_OF : letter->sent_at;
        contact->display_name = person->name;
    }
    contact->crm_as_of = HEARSAY_AS_OF;
    contact->email = person->address;
    const struct record_identity identity = {
        .kind = STR_LIT("email"), .value = person->address, .is_primary = true};
    contact->identities = &identity;
    contact->identity_count = 1;
    return map_out_record(letter->emitter->out, &record, err);
}

enum rc letter_emit_agent(const struct letter *letter, struct err *err)
{
    const struct mail_address *person = &letter->sides.sender;
    if (!letter_is_by_agent(letter))
        return RC_OK;
    struct record record;
    map_out_begin(letter->emitter->out, RECORD_AGENT, &letter->account.channel_id, &record);
    record.external_id = person->address;
    record.id = letter_id(letter, "agent", person->address);
    record.agent.profile_as_of = letter->sent_at;
    record.agent.agent_kind = STR_LIT("human");
    record.agent.name = person->name.n > 0 ? person->name : person->address;
    record.agent.email = person->address;
    record.agent.is_active = true;
    return map_out_record(letter->emitter->out, &record, err);
}

/* ---- conversation ---- */

/* "$Forwarded" and "\Seen" are the mailbox's own. */
static bool is_tag(struct str label)
{
    return label.n > 0 && label.p[0] != '$' && label.p[0] != '\\';
}

static size_t add_tags(const struct str *from, size_t count, struct str *tags, size_t n)
{
    for (size_t i = 0; i < count && n < LIMIT_MAIL_TAGS; i++) {
        bool is_new = is_tag(from[i]);
        for (size_t k = 0; k < n && is_new; k++)
            is_new = !str_equal(tags[k], from[i]);
        if (is_new)
            tags[n++] = from[i];
    }
    return n;
}

/* What a report or an automatic answer is called says nothing about the thread. */
static bool names_thread(const struct letter *letter)
{
    return letter->report.kind == MAIL_NO_REPORT && letter->class != MAIL_AUTO_REPLY;
}

static void fill_labels(const struct letter *letter, struct str *tags,
                        struct record_conversation *conversation)
{
    const struct document *document = &letter->emitter->out->document;
    size_t n = add_tags(document->labels, document->label_count, tags, 0);
    n = add_tags(letter->mail->tags, letter->mail->tag_count, tags, n);
    if (!names_thread(letter) || (str_is_null(letter->subject.base) && n == 0))
        return;
    conversation->labels_as_of = letter->sent_at;
    conversation->subject = letter->subject.base;
    conversation->account_alias = letter->account.account;
    conversation->tags = tags;
    conversation->tag_count = n;
}

enum rc letter_emit_conversation(const struct letter *letter, struct err *err)
{
    struct map_out *out = letter->emitter->out;
    struct record record;
    map_out_begin(out, RECORD_CONVERSATION, &letter->account.channel_id, &record);
    record.external_id = letter->thread.key;
    record.id = letter_id(letter, "conversation", letter->thread.key);
    struct record_conversation *conversation = &record.conversation;
    conversation->channel = STR_LIT(MAIL_MEDIUM);
    conversation->conversation_kind = STR_LIT("direct");
    conversation->started_at = letter->sent_at;
    if (!str_is_null(letter->counterpart)) {
        conversation->contact_external_id = letter->counterpart;
        conversation->contact_id = letter_id(letter, "contact", letter->counterpart);
    }
    conversation->aliases = letter->thread.aliases;
    conversation->alias_count = letter->thread.alias_count;
    size_t most = out->document.label_count + letter->mail->tag_count;
    struct str *tags = arena_alloc(out->arena, (most + 1) * sizeof *tags);
    if (tags != NULL)
        fill_labels(letter, tags, conversation);
    return map_out_record(out, &record, err);
}
