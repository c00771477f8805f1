/* Mails to records: reference/email.md 6.1, 4.5, 7 and the lines of its section 8 on direction. */
#include "tests/unit/transform/email_fixture.h"

#include "lib/buf.h"
#include "transform/email/emit.h"

#define HEAD "Message-ID: <m1@x.example>\r\nDate: Tue, 4 Mar 2025 09:12:44 +0000\r\n"

static void read_with(struct fixture *f, const char *headers, const char *body)
{
    f->count = f->rejects = 0;
    fixture_read(f, arena_printf(f->arena, HEAD "%s\r\n%s", headers, body));
}

/* ---- direction ---- */

struct side_case {
    const char *name, *headers;
    const char *direction, *contact, *agent; /* NULL: none */
};

static const struct side_case sides[] = {
    {"inbound", "From: Ana <ana@example.net>\r\nTo: " MAILBOX "\r\n", "inbound", "ana@example.net",
     NULL},
    {"outbound", "From: " MAILBOX "\r\nTo: ana@example.net\r\n", "outbound", "ana@example.net",
     MAILBOX},
    {"own address in capitals, with a tag",
     "From: Soporte+x@EXAMPLE.org\r\nTo: ana@example.net\r\n", "outbound", "ana@example.net",
     "soporte+x@example.org"},
    {"alias of the settings", "From: ventas@example.org\r\nTo: ana@example.net\r\n", "outbound",
     "ana@example.net", "ventas@example.org"},
    {"domain of the settings", "From: luis@mail.example.org\r\nTo: ana@example.net\r\n", "outbound",
     "ana@example.net", "luis@mail.example.org"},
    {"a stranger's dots and tags count", "From: so.porte+x@example.net\r\nTo: " MAILBOX "\r\n",
     "inbound", "so.porte+x@example.net", NULL},
    {"web form", "From: " MAILBOX "\r\nTo: " MAILBOX "\r\nReply-To: Ana <ana@example.net>\r\n",
     "inbound", "ana@example.net", NULL},
    {"web form with X-Original-From",
     "From: " MAILBOX "\r\nTo: " MAILBOX "\r\nX-Original-From: Ana <ana@example.net>\r\n",
     "inbound", "ana@example.net", NULL},
    {"web form with X-Original-Sender",
     "From: " MAILBOX "\r\nTo: " MAILBOX "\r\nX-Original-Sender: ana@example.net\r\n", "inbound",
     "ana@example.net", NULL},
    {"no web form: the answer goes to a stranger",
     "From: " MAILBOX "\r\nTo: ana@example.net\r\nReply-To: otro@example.net\r\n", "outbound",
     "ana@example.net", MAILBOX},
    {"list rewriting",
     "From: \"Ana via Soporte\" <" MAILBOX ">\r\nTo: equipo@lists.example\r\n"
     "Reply-To: Ana <ana@example.net>\r\n",
     "inbound", "ana@example.net", NULL},
    {"list rewriting with X-Original-From",
     "From: 'Ana' via Soporte <" MAILBOX ">\r\nTo: " MAILBOX "\r\n"
     "X-Original-From: Ana <ana@example.net>\r\nReply-To: otra@example.net\r\n",
     "inbound", "ana@example.net", NULL},
    {"another's list",
     "From: Ana via Lista <lista@lists.example>\r\nTo: " MAILBOX "\r\n"
     "Reply-To: ana@example.net\r\n",
     "inbound", "ana@example.net", NULL},
    {"own to own", "From: " MAILBOX "\r\nTo: ventas@example.org\r\n", "outbound", NULL, MAILBOX},
    {"to own, copy to a stranger",
     "From: " MAILBOX "\r\nTo: ventas@example.org\r\nCc: ana@example.net\r\n", "outbound",
     "ana@example.net", MAILBOX},
    {"blind copy", "From: " MAILBOX "\r\nBcc: ana@example.net\r\n", "outbound", "ana@example.net",
     MAILBOX},
    {"no From: Return-Path", "Return-Path: <ana@example.net>\r\nTo: " MAILBOX "\r\n", "inbound",
     "ana@example.net", NULL},
};

static const struct str own[] = {{"ventas@example.org", 18}, {"@mail.example.org", 17}};

static void begin(struct fixture *f)
{
    fixture_init(f);
    f->settings.own = own;
    f->settings.own_count = sizeof own / sizeof own[0];
}

static void assert_sides(struct fixture *f, const struct side_case *expected)
{
    struct record_message *message = fixture_message(f);
    struct str agent = message->sender_agent_external_id;
    if (!str_is(message->direction, expected->direction) ||
        !str_equal(message->contact_external_id, str_of(expected->contact)) ||
        !str_equal(agent, str_of(expected->agent)))
        fail_msg("%s: %.*s %.*s %.*s", expected->name, STR_ARGS(message->direction),
                 STR_ARGS(message->contact_external_id), STR_ARGS(agent));
    assert_int_equal(fixture_count(f, RECORD_CONTACT), expected->contact != NULL);
    assert_int_equal(fixture_count(f, RECORD_AGENT), expected->agent != NULL);
    assert_text(message->status, strcmp(expected->direction, "inbound") == 0 ? "received" : "sent");
}

static void tells_who_wrote_to_whom(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        read_with(&f, sides[i].headers, "x");
        assert_sides(&f, &sides[i]);
    }
    fixture_done(&f);
}

static void own_to_own_is_internal(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    read_with(&f, "From: " MAILBOX "\r\nTo: ventas@example.org\r\n", "x");
    assert_true(holds(fixture_message(&f)->metadata, "\"internal\":true"));
    assert_text(fixture_find(&f, RECORD_CONVERSATION)->conversation.contact_external_id, NULL);
    fixture_done(&f);
}

/* Whichever copy comes first, both say the same. */
static void sent_copy_before_the_inbound_copy(void **state)
{
    (void)state;
    static const char headers[] =
        "From: " MAILBOX "\r\nTo: Ana <ana@example.net>\r\nCc: " MAILBOX "\r\n";
    static const char received[] =
        "Received: by mx.example.org; Tue, 4 Mar 2025 09:12:50 +0000\r\nReturn-Path: <" MAILBOX
        ">\r\nFrom: " MAILBOX "\r\nTo: Ana <ana@example.net>\r\nCc: " MAILBOX "\r\n";
    struct fixture sent, inbox;
    begin(&sent);
    begin(&inbox);
    sent.document.is_sent_folder = true;
    read_with(&sent, headers, "hola\r\n");
    read_with(&inbox, received, "hola\n");
    assert_int_equal(sent.count, inbox.count);
    for (size_t i = 0; i < sent.count; i++) {
        struct buf a, b;
        struct err err;
        buf_init(&a, LIMIT_RECORD_BYTES);
        buf_init(&b, LIMIT_RECORD_BYTES);
        assert_int_equal(record_encode(&sent.records[i], &a, &err), RC_OK);
        assert_int_equal(record_encode(&inbox.records[i], &b, &err), RC_OK);
        assert_true(str_equal(buf_peek(&a), buf_peek(&b)));
        buf_done(&a);
        buf_done(&b);
    }
    fixture_done(&sent);
    fixture_done(&inbox);
}

static void a_sent_mail_of_an_address_not_listed_has_no_agent(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    f.document.is_sent_folder = true;
    read_with(&f, "From: jefe@other.example\r\nTo: ana@example.net\r\n", "x");
    assert_sides(&f, &(struct side_case){"delegate", "", "outbound", "ana@example.net", NULL});
    assert_text(fixture_message(&f)->sender_type, "agent");
    assert_true(holds(fixture_message(&f)->metadata, "\"own_address_unknown\":true"));
    f.document.is_sent_folder = false;
    const struct str labels[] = {STR_LIT("Sent")};
    f.document.labels = labels;
    f.document.label_count = 1;
    read_with(&f, "From: jefe@other.example\r\nTo: ana@example.net\r\n", "x");
    assert_text(fixture_message(&f)->direction, "outbound");
    fixture_done(&f);
}

static void a_mail_of_nobody_is_one_reject(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    read_with(&f, "To: " MAILBOX "\r\nReturn-Path: <>\r\n", "x");
    assert_int_equal(f.count, 0);
    assert_int_equal(f.rejects, 1);
    assert_int_equal(f.reject.code, REJECT_MISSING_MEMBER);
    fixture_done(&f);
}

/* ---- account ---- */

static void a_mail_to_no_account_of_the_tenant_is_one_reject(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    f.conf.any_account = false;
    f.document.source = SOURCE_WEBHOOK;
    read_with(&f, "From: ana@example.net\r\nTo: otro@example.com\r\n", "x");
    assert_int_equal(f.rejects, 1);
    assert_int_equal(f.reject.code, REJECT_UNKNOWN_ACCOUNT);
    f.document.source = SOURCE_FILE; /* what lies in a mailbox is the mailbox's */
    read_with(&f, "From: ana@example.net\r\nTo: otro@example.com\r\n", "x");
    assert_int_equal(f.rejects, 0);
    f.document.source = SOURCE_WEBHOOK;
    read_with(
        &f,
        "From: ana@example.net\r\nTo: otro@example.com\r\nDelivered-To: soporte+x@example.org\r\n",
        "x");
    assert_int_equal(f.rejects, 0);
    read_with(&f, "From: ana@example.net\r\nTo: x@example.com, " MAILBOX "\r\n", "x");
    assert_int_equal(f.rejects, 0);
    /* told as sent, from an address of the business that no mail comes to */
    f.document.source = SOURCE_SENT;
    read_with(&f, "From: ventas@example.org\r\nTo: ana@example.net\r\n", "x");
    assert_int_equal(f.rejects, 0);
    fixture_done(&f);
}

/* ---- times ---- */

struct time_case {
    const char *date, *received, *sent; /* received NULL: not known */
};

static const struct time_case times[] = {
    {"Tue, 4 Mar 2025 09:12:44 +0000", "2025-03-04T09:13:00Z", "2025-03-04T09:12:44Z"},
    {"Tue, 25 Feb 2025 09:13:00 +0000", "2025-03-04T09:13:00Z", "2025-02-25T09:13:00Z"},
    {"Tue, 25 Feb 2025 09:12:59 +0000", "2025-03-04T09:13:00Z", "2025-03-04T09:13:00Z"},
    {"Tue, 4 Mar 2025 09:23:00 +0000", "2025-03-04T09:13:00Z", "2025-03-04T09:23:00Z"},
    {"Tue, 4 Mar 2025 09:23:01 +0000", "2025-03-04T09:13:00Z", "2025-03-04T09:13:00Z"},
    {"nonsense", "2025-03-04T09:13:00Z", "2025-03-04T09:13:00Z"},
    {"Mon, 1 Jan 1990 00:00:00 +0000", NULL, "1990-01-01T00:00:00Z"},
    {"Sun, 31 Dec 1989 23:59:59 +0000", NULL, "2025-03-05T00:00:00Z"},
    {"Thu, 6 Mar 2025 00:00:00 +0000", NULL, "2025-03-06T00:00:00Z"},
    {"Thu, 6 Mar 2025 00:00:01 +0000", NULL, "2025-03-05T00:00:00Z"},
    {"nonsense", NULL, "2025-03-05T00:00:00Z"},
};

static void a_date_counts_within_its_window_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct fixture f;
        begin(&f);
        if (times[i].received != NULL)
            assert_true(clock_parse(str_of(times[i].received), &f.document.received_at));
        fixture_read(
            &f, arena_printf(f.arena, "From: ana@example.net\r\nDate: %s\r\n\r\nx", times[i].date));
        int64_t sent = 0;
        assert_true(clock_parse(str_of(times[i].sent), &sent));
        if (fixture_message(&f)->sent_at != sent)
            fail_msg("case %zu", i);
        assert_int_equal(fixture_message(&f)->content_as_of, sent);
        fixture_done(&f);
    }
}

static void the_topmost_received_tells_the_receipt(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    fixture_only(&f, "Received: by a (x; y); Tue, 4 Mar 2025 09:00:00 +0000\r\n"
                     "Received: by b; Mon, 3 Mar 2025 09:00:00 +0000\r\n"
                     "Date: Wed, 1 Jan 2025 00:00:00 +0000\r\nFrom: ana@example.net\r\n\r\nx");
    int64_t sent = 0;
    assert_true(clock_parse(STR_LIT("2025-03-04T09:00:00Z"), &sent));
    assert_int_equal(fixture_message(&f)->sent_at, sent);
    fixture_done(&f);
}

/* ---- records ---- */

static void a_contact_is_named_by_itself_first(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    read_with(&f, "From: Ana <ana@example.net>\r\nTo: " MAILBOX "\r\n", "x");
    struct record_contact *contact = &fixture_find(&f, RECORD_CONTACT)->contact;
    assert_text(contact->display_name, "Ana");
    assert_int_equal(contact->profile_as_of, fixture_message(&f)->sent_at);
    assert_text(contact->email, "ana@example.net");
    assert_text(contact->identities[0].kind, "email");
    read_with(&f, "From: " MAILBOX "\r\nTo: \"La de Cali\" <ana@example.net>\r\n", "x");
    contact = &fixture_find(&f, RECORD_CONTACT)->contact;
    assert_int_equal(contact->profile_as_of, 1); /* anything she says of herself wins */
    read_with(&f, "From: ana@example.net\r\nTo: " MAILBOX "\r\n", "x");
    contact = &fixture_find(&f, RECORD_CONTACT)->contact;
    assert_int_equal(contact->profile_as_of, TIME_NONE); /* no name blanks none */
    fixture_done(&f);
}

static void a_conversation_has_subject_mailbox_and_tags(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    const struct str labels[] = {STR_LIT("Ventas"), STR_LIT("$Forwarded"), STR_LIT("\\Seen"),
                                 STR_LIT("Ventas")};
    f.document.labels = labels;
    f.document.label_count = 4;
    read_with(&f, "From: ana@example.net\r\nSubject: RE: [#4471] Pedido\r\n", "x");
    struct record_conversation *thread = &fixture_find(&f, RECORD_CONVERSATION)->conversation;
    assert_text(thread->subject, "[#4471] Pedido");
    assert_text(thread->account_alias, MAILBOX);
    assert_int_equal(thread->tag_count, 1);
    assert_text(thread->tags[0], "Ventas");
    assert_text(thread->conversation_kind, "direct");
    assert_true(holds(fixture_message(&f)->metadata, "\"subject\":\"RE: [#4471] Pedido\""));
    fixture_done(&f);
}

static void a_text_keeps_its_new_part_beside_it(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    read_with(&f, "From: ana@example.net\r\n",
              "nuevo\r\n\r\nOn 4 Mar 2025 Luis wrote:\r\n> viejo\r\n\r\n");
    assert_text(fixture_message(&f)->text, "nuevo\n\nOn 4 Mar 2025 Luis wrote:\n> viejo");
    assert_true(holds(fixture_message(&f)->metadata, "\"text_new\":\"nuevo\",\"quote_at\":7"));
    read_with(&f, "From: ana@example.net\r\n", "nuevo");
    assert_false(holds(fixture_message(&f)->metadata, "text_new"));
    read_with(&f, "From: ana@example.net\r\n", " \r\n");
    assert_text(fixture_message(&f)->text, NULL);
    assert_text(fixture_message(&f)->type, "text");
    fixture_done(&f);
}

static void html_is_read_where_there_is_no_plain_text(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    read_with(&f, "From: ana@example.net\r\nContent-Type: text/html; charset=utf-8\r\n",
              "<div>nuevo</div><br><div class=\"gmail_quote\">sin marca: viejo</div>");
    assert_text(fixture_message(&f)->text, "nuevo\n\nsin marca: viejo");
    assert_true(holds(fixture_message(&f)->metadata, "\"text_new\":\"nuevo\",\"quote_at\":7"));
    fixture_done(&f);
}

static void forwards_are_marked(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    read_with(&f, "From: ana@example.net\r\nSubject: WG: Pedido\r\n", "x");
    assert_true(holds(fixture_message(&f)->metadata, "\"forwarded\":true"));
    read_with(&f, "From: ana@example.net\r\n", "---------- Forwarded message ----------\r\nx");
    assert_true(holds(fixture_message(&f)->metadata, "\"forwarded\":true"));
    read_with(&f, "From: ana@example.net\r\nSubject: Re: Pedido\r\n", "x");
    assert_false(holds(fixture_message(&f)->metadata, "forwarded"));
    fixture_done(&f);
}

static void the_tag_of_the_own_address_is_kept(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    read_with(&f, "From: ana+x@example.net\r\nTo: otro+y@example.net, soporte+c8f2@example.org\r\n",
              "x");
    assert_true(holds(fixture_message(&f)->metadata, "\"plus\":\"c8f2\""));
    assert_true(holds(fixture_message(&f)->metadata,
                      "\"to\":[\"otro+y@example.net\",\"soporte+c8f2@example.org\"]"));
    fixture_done(&f);
}

#define PART(type, more, body) "--b\r\nContent-Type: " type "\r\n" more "\r\n" body "\r\n"

static void attachments_have_types_and_inline_images_are_told(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    read_with(
        &f,
        "From: ana@example.net\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n",
        PART("text/html", "", "<img src=\"cid:foto1\">") PART(
            "image/png",
            "Content-ID: <foto1>\r\nContent-Disposition: attachment; "
            "filename=a.png\r\n",
            "x") PART("application/pdf", "Content-Disposition: attachment; filename=b.pdf\r\n", "x")
            PART("audio/ogg", "Content-Disposition: attachment; filename=c.ogg\r\n", "x")
                PART("video/mp4", "Content-Disposition: attachment; filename=d.mp4\r\n", "x")
                    PART("image/gif", "Content-Disposition: inline; filename=e.gif\r\n",
                         "x") "--b--\r\n");
    static const char *const types[] = {"image", "document", "audio", "video", "image"};
    static const bool is_inline[] = {true, false, false, false, true};
    struct record_message *message = fixture_message(&f);
    assert_int_equal(message->attachment_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_text(message->attachments[i].type, types[i]);
        assert_int_equal(message->attachments[i].ordinal, i);
        assert_int_equal(holds(message->attachments[i].metadata, "\"inline\":true"), is_inline[i]);
    }
    fixture_done(&f);
}

static void metadata_stands_in_a_fixed_order(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    read_with(
        &f,
        "X-Priority: 1\r\nList-Id: Equipo <equipo.example.net>\r\nReferences: <a@x.example>\r\n"
        "Reply-To: b@example.net\r\nCc: c@example.net\r\nTo: soporte+t@example.org\r\n"
        "Sender: s@example.net\r\nSubject: Fwd: x\r\nFrom: ana@example.net\r\n",
        "uno\r\n-- \r\nAna");
    static const char *const order[] = {"\"text_new\"",   "\"subject\"",
                                        "\"to\"",         "\"cc\"",
                                        "\"reply_to\"",   "\"sender\"",
                                        "\"references\"", "\"auto\"",
                                        "\"mid_check\"",  "\"in_list\":\"equipo.example.net\"",
                                        "\"importance\"", "\"plus\"",
                                        "\"forwarded\""};
    struct str metadata = fixture_message(&f)->metadata;
    const char *at = metadata.p;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        at = memmem(at, metadata.n - (size_t)(at - metadata.p), order[i], strlen(order[i]));
        assert_non_null(at);
    }
    fixture_done(&f);
}

/* ---- events of providers ---- */

static void open_out(struct fixture *f, struct map_out *out)
{
    *out = (struct map_out){.conf = &f->conf,
                            .sink = {fixture_keep, fixture_reject, f},
                            .provider = STR_LIT("email_imap"),
                            .arena = f->arena,
                            .document = f->document};
    f->conf.accounts = &f->account;
    f->count = f->rejects = 0;
}

static void emit_event(struct fixture *f, const struct mail_event *event)
{
    struct map_out out;
    struct err err;
    open_out(f, &out);
    struct email_emitter *emitter = email_emitter_new(&out);
    assert_int_equal(email_emit_event(emitter, event, &err), RC_OK);
    email_emitter_free(&emitter);
}

static void emit_mail(struct fixture *f, const struct mail *mail)
{
    struct map_out out;
    struct err err;
    open_out(f, &out);
    struct email_emitter *emitter = email_emitter_new(&out);
    assert_int_equal(email_emit(emitter, mail, &err), RC_OK);
    email_emitter_free(&emitter);
}

static void a_text_beyond_its_limit_is_cut_between_characters(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    struct buf text;
    buf_init(&text, 4 * MIB);
    (void)buf_add_text(&text, "a");
    while (text.n < 2 * MIB)
        (void)buf_add_text(&text, "\xC3\xA9");
    struct mail_address from = {STR_NULL, STR_LIT("ana@example.net")};
    struct mail mail = {
        .from = {&from, 1}, .text = buf_peek(&text), .received_at = TIME_NONE, .path = ""};
    emit_mail(&f, &mail);
    struct str kept = fixture_message(&f)->text;
    assert_int_equal(kept.n, LIMIT_MAIL_TEXT_BYTES - 1);
    assert_true(holds(fixture_message(&f)->metadata, "\"text_cut\":true"));
    buf_done(&text);
    fixture_done(&f);
}

static struct mail_event event_of(const struct fixture *f, const char *status)
{
    return (struct mail_event){.message_id = STR_LIT("r1@example.org"),
                               .recipient = STR_LIT("ana@example.net"),
                               .status = str_of(status),
                               .event_type = STR_LIT("word"),
                               .occurred_at = f->document.observed_at};
}

static void a_status_makes_a_stub_in_the_thread_of_its_mail(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    f.conf.any_account = false; /* as at the door of a connector */
    struct mail_event event = event_of(&f, "failed");
    event.error_code = STR_LIT("5.1.1");
    emit_event(&f, &event);
    struct record_message *stub = fixture_message(&f);
    assert_int_equal(stub->content_as_of, 0);
    assert_text(stub->subtype, "stub");
    assert_text(stub->conversation_external_id, "r1@example.org");
    assert_text(stub->contact_external_id, "ana@example.net");
    assert_int_equal(stub->failed_at, event.occurred_at);
    assert_text(stub->error_code, "5.1.1");
    struct record_message_status *status = &fixture_find(&f, RECORD_MESSAGE_STATUS)->message_status;
    assert_text(status->conversation_external_id, "r1@example.org");
    assert_true(holds(status->metadata, "\"event\":\"word\""));
    f.settings.thread_per_contact = true;
    emit_event(&f, &event);
    assert_text(fixture_message(&f)->conversation_external_id, "r1@example.org\x1F"
                                                               "ana@example.net");
    fixture_done(&f);
}

static void a_status_without_recipient_makes_no_stub(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    struct mail_event event = event_of(&f, "delivered");
    event.recipient = STR_NULL;
    emit_event(&f, &event);
    assert_int_equal(fixture_count(&f, RECORD_MESSAGE), 0);
    assert_text(fixture_find(&f, RECORD_MESSAGE_STATUS)->message_status.conversation_external_id,
                NULL);
    fixture_done(&f);
}

static void what_changes_no_status_is_an_event(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    struct mail_event event = event_of(&f, NULL);
    event.metadata = STR_LIT("\"attempt\":\"2\"");
    emit_event(&f, &event);
    assert_int_equal(f.count, 1);
    struct record *record = fixture_find(&f, RECORD_EVENT);
    assert_text(record->event.event_type, "status_changed");
    assert_true(holds(record->event.data, "\"status\":\"word\""));
    assert_true(holds(record->event.data, "\"attempt\":\"2\""));
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_who_wrote_to_whom),
        cmocka_unit_test(own_to_own_is_internal),
        cmocka_unit_test(sent_copy_before_the_inbound_copy),
        cmocka_unit_test(a_sent_mail_of_an_address_not_listed_has_no_agent),
        cmocka_unit_test(a_mail_of_nobody_is_one_reject),
        cmocka_unit_test(a_mail_to_no_account_of_the_tenant_is_one_reject),
        cmocka_unit_test(a_date_counts_within_its_window_only),
        cmocka_unit_test(the_topmost_received_tells_the_receipt),
        cmocka_unit_test(a_contact_is_named_by_itself_first),
        cmocka_unit_test(a_conversation_has_subject_mailbox_and_tags),
        cmocka_unit_test(a_text_keeps_its_new_part_beside_it),
        cmocka_unit_test(html_is_read_where_there_is_no_plain_text),
        cmocka_unit_test(forwards_are_marked),
        cmocka_unit_test(the_tag_of_the_own_address_is_kept),
        cmocka_unit_test(attachments_have_types_and_inline_images_are_told),
        cmocka_unit_test(a_text_beyond_its_limit_is_cut_between_characters),
        cmocka_unit_test(metadata_stands_in_a_fixed_order),
        cmocka_unit_test(a_status_makes_a_stub_in_the_thread_of_its_mail),
        cmocka_unit_test(a_status_without_recipient_makes_no_stub),
        cmocka_unit_test(what_changes_no_status_is_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
