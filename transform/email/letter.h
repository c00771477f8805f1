/* letter.h: a mail and all that was decided about it, on its way to records. Internal to emit*.c.
 *
 * Owns:    nothing; all lives in the document's arena.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_EMAIL_LETTER_H
#define SLUICE_TRANSFORM_EMAIL_LETTER_H

#include "transform/email/automatic.h"
#include "transform/email/direction.h"
#include "transform/email/emit.h"
#include "transform/email/new_text.h"
#include "transform/email/subject.h"
#include "transform/email/thread.h"
#include "transform/ids.h"
#include "transform/json.h"

#define MAIL_MEDIUM "email"

struct email_emitter {
    struct map_out *out;
    struct json_writer *json;
};

struct letter {
    struct email_emitter *emitter;
    const struct mail *mail;
    struct channel_account account;
    struct mail_own own;
    struct mail_sides sides;
    struct mail_report report;
    enum mail_class class;
    struct str counterpart; /* address of the conversation's contact; STR_NULL: none */
    struct str text;
    struct mail_new_text new_text;
    bool is_text_cut; /* longer than is kept */
    struct mail_subject subject;
    struct mail_thread thread;
    int64_t sent_at;
};

/* RC_REJECT: err says why, *code_out what kind. */
enum rc letter_read(struct email_emitter *emitter, const struct mail *mail, struct letter *out,
                    enum reject_code *code_out, struct err *err) MUST_USE;

static inline struct uuid letter_id(const struct letter *letter, const char *kind,
                                    struct str external_id)
{
    return ids_entity(kind, &letter->emitter->out->conf->tenant_id, &letter->account.channel_id,
                      external_id);
}

/* A person of the business wrote it, and is known. */
static inline bool letter_is_by_agent(const struct letter *letter)
{
    return letter->sides.is_outbound && !letter->sides.is_own_address_unknown &&
           !mail_class_is_program(letter->class);
}

/* The JSON object of the members written since emitter_members; STR_NULL: there are none. */
void emitter_members(struct email_emitter *emitter);
struct str emitter_object(struct email_emitter *emitter);

enum rc letter_emit_contact(const struct letter *letter, struct err *err) MUST_USE;
enum rc letter_emit_agent(const struct letter *letter, struct err *err) MUST_USE;
enum rc letter_emit_conversation(const struct letter *letter, struct err *err) MUST_USE;
void letter_fill_attachments(const struct letter *letter, struct record_message *message);
enum rc letter_emit_message(const struct letter *letter, struct err *err) MUST_USE;
/* Of the mail that a report is about. */
enum rc letter_emit_statuses(const struct letter *letter, struct err *err) MUST_USE;

#endif
