/* What is decided about a mail before its records are made. */
#include "transform/email/letter.h"

#include "lib/limits.h"
#include "transform/email/address.h"
#include "transform/email/bounce.h"
#include "transform/email/html.h"
#include "transform/email/received.h"
#include "transform/email/words.h"

/* ---- account ---- */

/* Where a mailbox notes for whom a mail came. */
static bool find_delivered_to(struct letter *letter)
{
    static const char *const headers[] = {"Delivered-To", "X-Delivered-To", "X-Original-To",
                                          "Envelope-To"};
    struct map_out *out = letter->emitter->out;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct str address =
            mail_address_key(out->arena, mail_header_text(letter->mail, headers[i]));
        address = mail_address_untagged(out->arena, address);
        if (!str_is_null(address) && map_out_account(out, address, &letter->account))
            return true;
    }
    return false;
}

/* Of several accounts, none of which the caller gave: the one that the mail went to or came from.
 */
static bool find_named(struct letter *letter)
{
    const struct mail *mail = letter->mail;
    const struct mail_addresses *const lists[] = {&mail->from, &mail->to, &mail->cc, &mail->bcc};
    struct map_out *out = letter->emitter->out;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (size_t k = 0; k < lists[i]->n; k++) {
            struct str address = mail_address_untagged(out->arena, lists[i]->v[k].address);
            if (!str_is_null(address) && map_out_account(out, address, &letter->account))
                return true;
        }
    return false;
}

/* Told by the business itself at the door of a connector: its mails may leave under another address
 * than the one that mails come to, as with providers who give addresses of their own to inbound
 * mail. */
static bool find_teller(struct letter *letter)
{
    const struct map_out *out = letter->emitter->out;
    return out->document.source == SOURCE_SENT && map_out_own_account(out, &letter->account);
}

static bool find_account(struct letter *letter)
{
    struct map_out *out = letter->emitter->out;
    struct str stated = letter->mail->envelope_to;
    if (stated.n == 0)
        return map_out_account(out, STR_NULL, &letter->account) ||
               (!out->conf->any_account &&
                (find_delivered_to(letter) || find_named(letter) || find_teller(letter)));
    struct str address = mail_address_key(out->arena, stated);
    return map_out_account(out, mail_address_untagged(out->arena, address), &letter->account) ||
           (!str_is_null(address) && map_out_account(out, address, &letter->account));
}

/* ---- text ---- */

static struct str without_end(struct str text)
{
    while (text.n > 0 && words_is_space(text.p[text.n - 1]))
        text.n--;
    return text;
}

/* Not within a character. */
static bool cut_text(struct str *text)
{
    if (text->n <= LIMIT_MAIL_TEXT_BYTES)
        return false;
    text->n = LIMIT_MAIL_TEXT_BYTES;
    while (text->n > 0 && ((unsigned char)text->p[text->n] & 0xC0) == 0x80)
        text->n--;
    return true;
}

static bool has_plain_text(const struct mail *mail)
{
    bool is_made_of_html = mail->is_flowed_text_of_html && mail->html.n > 0;
    return !is_made_of_html && words_trim(mail->text).n > 0;
}

static bool read_text(struct letter *letter)
{
    const struct mail *mail = letter->mail;
    struct html_text html = {.text = mail->text};
    if (!has_plain_text(mail) && mail->html.n > 0 &&
        !html_read(letter->emitter->out->arena, mail->html, &html))
        return false;
    letter->is_text_cut = cut_text(&html.text);
    letter->text = without_end(html.text);
    bool is_quoting = html.is_quoting && html.quote_at < letter->text.n;
    mail_new_text_find(letter->text, is_quoting ? html.quote_at : NEW_TEXT_NO_QUOTE,
                       &letter->new_text);
    if (letter->text.n == 0)
        letter->text = STR_NULL;
    return true;
}

/* ---- sides ---- */

/* A mailbox marks what the business sent in its labels too. */
static bool is_among_sent(const struct map_out *out, const struct mail *mail)
{
    if (mail->is_sent || out->document.is_sent_folder)
        return true;
    for (size_t i = 0; i < out->document.label_count; i++)
        if (words_same(out->document.labels[i], "sent") ||
            words_same(out->document.labels[i], "\\sent"))
            return true;
    return false;
}

/* The other side of a report is who the reported mail went to. */
static struct str find_counterpart(const struct letter *letter)
{
    if (letter->report.kind == MAIL_NO_REPORT)
        return letter->sides.contact.address;
    for (size_t i = 0; i < letter->report.recipient_count; i++) {
        struct str address = letter->report.recipients[i].address;
        if (address.n > 0 && !mail_is_own(&letter->own, address))
            return address;
    }
    return STR_NULL;
}

static bool find_thread(struct letter *letter)
{
    struct mail_thread_basis basis = {.mail = letter->mail,
                                      .own = &letter->own,
                                      .counterpart = letter->counterpart,
                                      .about = letter->report.original_id,
                                      .text = letter->text};
    return mail_thread_find(letter->emitter->out->arena, &basis, &letter->thread);
}

enum rc letter_read(struct email_emitter *emitter, const struct mail *mail, struct letter *out,
                    enum reject_code *code_out, struct err *err)
{
    struct arena *arena = emitter->out->arena;
    *out = (struct letter){.emitter = emitter, .mail = mail};
    *code_out = REJECT_UNKNOWN_ACCOUNT;
    if (!find_account(out))
        return err_set(err, RC_REJECT, "the mailbox is not configured for this tenant");
    out->own = (struct mail_own){out->account.account, channel_settings_of(&out->account)};
    *code_out = REJECT_MISSING_MEMBER;
    if (!mail_sides_find(arena, mail, &out->own, is_among_sent(emitter->out, mail), &out->sides))
        return err_set(err, RC_REJECT, "no sender: expected From or Return-Path");
    *code_out = REJECT_TOO_LARGE;
    if (!read_text(out) || !mail_report_find(arena, mail, &out->report) ||
        !mail_subject_read(arena, mail->subject, &out->subject))
        return err_set(err, RC_REJECT, "the mail needs more memory than one document may take");
    out->class = mail_classify(mail, &out->report, out->sides.sender.address);
    out->counterpart = find_counterpart(out);
    out->sent_at = mail_sent_at(mail, &emitter->out->document);
    if (!find_thread(out))
        return err_set(err, RC_REJECT, "the mail needs more memory than one document may take");
    return RC_OK;
}
