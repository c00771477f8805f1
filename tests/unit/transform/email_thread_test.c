/* Threads of mails: reference/email.md 5 and the lines of its section 8 on threads. */
#include "tests/unit/transform/email_fixture.h"

#include <stdlib.h>

#define CUSTOMER "Ana <ana@example.net>"
#define MAILS_MOST 1100

static struct str mail_of(struct fixture *f, const char *from, const char *id, const char *more)
{
    return arena_printf(
        f->arena,
        "From: %s\r\nTo: Soporte <" MAILBOX ">\r\n%s%s%s"
        "Date: Tue, 4 Mar 2025 09:12:44 -0500\r\nSubject: Re: Pedido\r\n%s\r\nhola\r\n",
        from, id != NULL ? "Message-ID: <" : "", id != NULL ? id : "", id != NULL ? ">\r\n" : "",
        more);
}

static void read_mail(struct fixture *f, const char *from, const char *id, const char *more)
{
    fixture_read(f, mail_of(f, from, id, more));
}

static struct record_conversation *conversation(struct fixture *f)
{
    struct record *record = fixture_find(f, RECORD_CONVERSATION);
    assert_non_null(record);
    return &record->conversation;
}

static struct str key(struct fixture *f)
{
    return fixture_find(f, RECORD_CONVERSATION)->external_id;
}

/* ---- one mail ---- */

struct key_case {
    const char *more;
    const char *key, *reply_to, *aliases; /* aliases separated by blanks */
};

static const struct key_case cases[] = {
    {"", "own@x.example", NULL, ""},
    {"References: <a@x.example> <b@x.example>\r\n", "a@x.example", "b@x.example",
     "b@x.example own@x.example"},
    {"In-Reply-To: <b@x.example>\r\n", "b@x.example", "b@x.example", "own@x.example"},
    {"References: <a@x.example>\r\nIn-Reply-To: <b@x.example>\r\n", "a@x.example", "b@x.example",
     "b@x.example own@x.example"},
    {"References: <a@x.example>\r\nReferences: <b@x.example>\r\n", "a@x.example", "b@x.example",
     "b@x.example own@x.example"},
    {"In-Reply-To: Your message of \"Mon\" <ana@example.net> <b@x.example>\r\n", "b@x.example",
     "b@x.example", "own@x.example"},
    {"In-Reply-To: <nonsense>\r\n", "own@x.example", NULL, ""},
};

static void finds_root_parent_and_links(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        fixture_init(&f);
        read_mail(&f, CUSTOMER, "own@x.example", cases[i].more);
        assert_text(key(&f), cases[i].key);
        assert_text(fixture_message(&f)->conversation_external_id, cases[i].key);
        assert_text(fixture_message(&f)->reply_to_external_id, cases[i].reply_to);
        struct record_conversation *found = conversation(&f);
        struct str aliases = STR_LIT("");
        for (size_t k = 0; k < found->alias_count; k++)
            aliases = arena_printf(f.arena, "%.*s%s%.*s", STR_ARGS(aliases), k > 0 ? " " : "",
                                   STR_ARGS(found->aliases[k]));
        assert_text(aliases, cases[i].aliases);
        fixture_done(&f);
    }
}

static void comma_separated_references(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    read_mail(&f, CUSTOMER, "own@x.example", "References: <a@x.example>,<b@x.example>\r\n");
    assert_text(key(&f), "a@x.example");
    assert_int_equal(conversation(&f)->alias_count, 2);
    fixture_done(&f);
}

static void references_are_capped_at_100_links(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct str more = STR_LIT("References:");
    for (int i = 0; i < 500; i++)
        more = arena_printf(f.arena, "%.*s <%d@x.example>\r\n", STR_ARGS(more), i);
    read_mail(&f, CUSTOMER, "own@x.example", more.p);
    assert_text(key(&f), "0@x.example");
    struct record_conversation *found = conversation(&f);
    assert_int_equal(found->alias_count, 99);
    assert_text(found->aliases[98], "own@x.example");
    assert_text(found->aliases[97], "499@x.example");
    fixture_done(&f);
}

/* ---- sets of mails ---- */

/* Union of what conversation records say to be one: what the loader makes of aliases. */
struct threads {
    struct str names[MAILS_MOST * 3];
    size_t parents[MAILS_MOST * 3];
    size_t count;
};

static size_t root_of(struct threads *t, size_t i)
{
    while (t->parents[i] != i)
        i = t->parents[i];
    return i;
}

static size_t name_of(struct threads *t, struct str name)
{
    for (size_t i = 0; i < t->count; i++)
        if (str_equal(t->names[i], name))
            return i;
    assert_true(t->count < MAILS_MOST * 3);
    t->names[t->count] = name;
    t->parents[t->count] = t->count;
    return t->count++;
}

static void join_threads(struct fixture *f, struct threads *t)
{
    t->count = 0;
    for (size_t i = 0; i < f->count; i++) {
        if (f->records[i].kind != RECORD_CONVERSATION)
            continue;
        size_t a = name_of(t, f->records[i].external_id);
        const struct record_conversation *c = &f->records[i].conversation;
        for (size_t k = 0; k < c->alias_count; k++)
            t->parents[root_of(t, name_of(t, c->aliases[k]))] = root_of(t, a);
    }
}

static size_t thread_count(struct fixture *f, struct threads *t)
{
    size_t n = 0;
    join_threads(f, t);
    for (size_t i = 0; i < t->count; i++)
        n += t->parents[i] == i;
    return n;
}

struct small_mail {
    const char *id, *more;
};

/* What one mail becomes depends on that mail alone, so no order can show. */
static void shuffled_arrival_gives_identical_records(void **state)
{
    (void)state;
    static const struct small_mail mails[] = {
        {"a@x.example", ""},
        {"b@x.example", "References: <a@x.example>\r\n"},
        {"c@x.example", "References: <a@x.example> <b@x.example>\r\n"},
        {"d@x.example", "In-Reply-To: <c@x.example>\r\n"},
    };
    static const int orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}, {1, 3, 0, 2}};
    struct threads *t = malloc(sizeof *t);
    struct str keys[4] = {STR_NULL};
    struct fixture f[4];
    for (size_t o = 0; o < 4; o++) {
        fixture_init(&f[o]);
        for (size_t i = 0; i < 4; i++) {
            size_t before = f[o].count;
            const struct small_mail *mail = &mails[orders[o][i]];
            read_mail(&f[o], CUSTOMER, mail->id, mail->more);
            for (size_t k = before; k < f[o].count; k++) {
                if (f[o].records[k].kind != RECORD_MESSAGE)
                    continue;
                struct str found = f[o].records[k].message.conversation_external_id;
                if (o == 0)
                    keys[orders[o][i]] = found;
                assert_true(str_equal(keys[orders[o][i]], found));
            }
        }
        assert_int_equal(thread_count(&f[o], t), 1);
    }
    for (size_t o = 0; o < 4; o++)
        fixture_done(&f[o]);
    free(t);
}

static void a_missing_ancestor_joins_its_answers(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct threads *t = malloc(sizeof *t);
    read_mail(&f, CUSTOMER, "b@x.example", "References: <never.seen@x.example>\r\n");
    read_mail(&f, CUSTOMER, "c@x.example", "In-Reply-To: <never.seen@x.example>\r\n");
    assert_int_equal(thread_count(&f, t), 1);
    fixture_done(&f);
    free(t);
}

static void cut_references_join_by_what_is_left(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct threads *t = malloc(sizeof *t);
    read_mail(&f, CUSTOMER, "c@x.example", "References: <a@x.example> <b@x.example>\r\n");
    read_mail(&f, CUSTOMER, "d@x.example", "References: <b@x.example> <c@x.example>\r\n");
    assert_int_equal(thread_count(&f, t), 1);
    fixture_done(&f);
    free(t);
}

static void a_loop_in_references_is_one_thread(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct threads *t = malloc(sizeof *t);
    read_mail(&f, CUSTOMER, "a@x.example", "References: <b@x.example>\r\n");
    read_mail(&f, CUSTOMER, "b@x.example", "References: <a@x.example>\r\n");
    assert_int_equal(thread_count(&f, t), 1);
    f.count = 0;
    read_mail(&f, CUSTOMER, "a@x.example",
              "References: <a@x.example>\r\nIn-Reply-To: <a@x.example>\r\n");
    assert_text(key(&f), "a@x.example"); /* an answer to itself is none */
    assert_text(fixture_message(&f)->reply_to_external_id, NULL);
    assert_int_equal(conversation(&f)->alias_count, 0);
    fixture_done(&f);
    free(t);
}

static void send_campaign_answers(struct fixture *f)
{
    for (int i = 0; i < 1000; i++) {
        struct str from = arena_printf(f->arena, "p%d@example.net", i);
        struct str id = arena_printf(f->arena, "answer%d@example.net", i);
        read_mail(f, from.p, id.p, "References: <campaign@example.org>\r\n");
    }
}

static void a_campaign_with_1000_answers_is_one_thread(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct threads *t = malloc(sizeof *t);
    send_campaign_answers(&f);
    assert_int_equal(thread_count(&f, t), 1);
    fixture_done(&f);
    free(t);
}

static void a_campaign_with_1000_answers_is_1000_threads_where_each_contact_has_one(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.settings.thread_per_contact = true;
    struct threads *t = malloc(sizeof *t);
    send_campaign_answers(&f);
    assert_int_equal(thread_count(&f, t), 1000);
    assert_text(key(&f), "campaign@example.org\x1Fp0@example.net");
    read_mail(
        &f, "Soporte <" MAILBOX ">", "reply@example.org",
        "Bcc: p7@example.net\r\nReferences: <campaign@example.org> <answer7@example.net>\r\n");
    assert_int_equal(thread_count(&f, t), 1000);
    fixture_done(&f);
    free(t);
}

/* ---- ids ---- */

static void copies_of_a_mail_without_id_get_one_id(void **state)
{
    (void)state;
    static const char rest[] = "Date: Tue, 4 Mar 2025 09:12:44 -0500\r\n"
                               "From: Ana <Ana@example.net>\r\nTo: " MAILBOX "\r\n";
    struct fixture f;
    fixture_init(&f);
    struct str raw =
        arena_printf(f.arena, "Subject: Pedido\r\n urgente\r\n%s\r\nhola  a\r\ntodos\r\n", rest);
    fixture_only(&f, raw.p);
    struct str first = fixture_find(&f, RECORD_MESSAGE)->external_id;
    assert_true(str_starts_with(first, "sha256:"));
    assert_text(key(&f), first.p);
    assert_false(holds(fixture_message(&f)->metadata, "mid_check"));
    raw = arena_printf(f.arena,
                       "Return-Path: <ana@example.net>\nReceived: by mx; Tue, 4 Mar 2025 14:12:50 "
                       "+0000\nSubject: Pedido urgente\n%s\nhola a todos\n\n",
                       rest);
    fixture_only(&f, raw.p);
    assert_true(str_equal(fixture_find(&f, RECORD_MESSAGE)->external_id, first));
    raw = arena_printf(f.arena, "Subject: Pedido urgente\r\n%s\r\nhola a todas\r\n", rest);
    fixture_only(&f, raw.p);
    assert_false(str_equal(fixture_find(&f, RECORD_MESSAGE)->external_id, first));
    fixture_done(&f);
}

static void reused_message_ids_are_told_apart(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    read_mail(&f, "tienda@crm.example", "same@crm.example", "");
    assert_text(fixture_find(&f, RECORD_MESSAGE)->external_id, "same@crm.example");
    assert_true(holds(fixture_message(&f)->metadata, "\"mid_check\":\""));
    f.count = 0;
    const struct str domain = STR_LIT("crm.example");
    f.settings.reused_id_domains = &domain;
    f.settings.reused_id_domain_count = 1;
    read_mail(&f, "tienda@crm.example", "same@crm.example", "");
    struct str id = fixture_find(&f, RECORD_MESSAGE)->external_id;
    assert_true(str_starts_with(id, "same@crm.example#"));
    assert_int_equal(id.n, strlen("same@crm.example#") + 16);
    f.count = 0;
    read_mail(&f, "otra@crm.example", "same@crm.example", "");
    assert_false(str_equal(fixture_find(&f, RECORD_MESSAGE)->external_id, id));
    f.count = 0;
    read_mail(&f, "ana@example.net", "same@crm.example", ""); /* not one of the domains */
    assert_text(fixture_find(&f, RECORD_MESSAGE)->external_id, "same@crm.example");
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_root_parent_and_links),
        cmocka_unit_test(comma_separated_references),
        cmocka_unit_test(references_are_capped_at_100_links),
        cmocka_unit_test(shuffled_arrival_gives_identical_records),
        cmocka_unit_test(a_missing_ancestor_joins_its_answers),
        cmocka_unit_test(cut_references_join_by_what_is_left),
        cmocka_unit_test(a_loop_in_references_is_one_thread),
        cmocka_unit_test(a_campaign_with_1000_answers_is_one_thread),
        cmocka_unit_test(a_campaign_with_1000_answers_is_1000_threads_where_each_contact_has_one),
        cmocka_unit_test(copies_of_a_mail_without_id_get_one_id),
        cmocka_unit_test(reused_message_ids_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
