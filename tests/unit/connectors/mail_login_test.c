#include "connectors/mail_login.h"

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/limits.h"

/* Stands for the server: notes what was presented, and refuses as often as it is told. */
struct door {
    char presented[4][LIMIT_MAIL_TOKEN_BYTES + 1];
    int tries;
    int refusals;
    struct err refusal;
};

static enum rc knock(void *context, const struct mail_link_conf *conf, struct err *err)
{
    struct door *door = context;
    (void)snprintf(door->presented[door->tries], sizeof door->presented[0], "%s",
                   conf->token != NULL ? conf->token : conf->password);
    if (door->tries++ >= door->refusals)
        return RC_OK;
    *err = door->refusal;
    return door->refusal.rc;
}

static const struct err denied = {.rc = RC_REJECT, .code = 67, .msg = "denied"};
static const struct err away = {.rc = RC_RETRY, .code = 7, .msg = "away"};

static enum rc open_door(struct door *door, const char *command, struct err *err)
{
    const struct mail_login login = {.token_command = command};
    return mail_login_open(&login, knock, door, err);
}

static void a_token_is_a_program_s_first_line(void **state)
{
    (void)state;
    struct door door = {.tries = 0};
    struct err err;
    assert_int_equal(open_door(&door, "printf 'abc.def\\r\\nmore\\n'; echo x >&2", &err), RC_OK);
    assert_string_equal(door.presented[0], "abc.def");
}

static void a_refused_token_is_asked_for_once_more(void **state)
{
    (void)state;
    char command[128], name[] = "/tmp/sluice-token-XXXXXX";
    struct err err = {.msg = ""};
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    (void)close(fd);
    (void)snprintf(command, sizeof command, "echo x >>%s; wc -l <%s", name, name);
    struct door door = {.refusals = 1, .refusal = denied};
    assert_int_equal(open_door(&door, command, &err), RC_OK);
    assert_int_equal(door.tries, 2);
    assert_string_equal(door.presented[0], "1");
    assert_string_equal(door.presented[1], "2");
    door = (struct door){.refusals = 4, .refusal = denied};
    assert_int_equal(open_door(&door, command, &err), RC_REJECT);
    assert_int_equal(door.tries, 2);
    (void)unlink(name);
}

static void the_same_token_is_not_shown_twice(void **state)
{
    (void)state;
    struct door door = {.refusals = 4, .refusal = denied};
    struct err err = {.msg = ""};
    assert_int_equal(open_door(&door, "echo old", &err), RC_REJECT);
    assert_int_equal(door.tries, 1);
    assert_true(mail_link_is_refusal(&err));
    door = (struct door){.refusals = 4, .refusal = away};
    assert_int_equal(open_door(&door, "date +%N", &err), RC_RETRY);
    assert_int_equal(door.tries, 1);
}

static void programs_that_give_no_token_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *command, *message;
    } cases[] = {
        {"exit 3", "token_command failed with exit code 3"},
        {"kill -9 $$", "token_command failed with signal 9"},
        {"true", "token_command gives no token"},
        {"echo 'a b'", "what token_command gives has characters that no token has"},
        {"head -c 40000 /dev/zero | tr '\\0' a", "token_command wrote more than a token may have"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct door door = {.tries = 0};
        struct err err = {.msg = ""};
        assert_int_equal(open_door(&door, cases[i].command, &err), RC_REJECT);
        assert_string_equal(err.msg, cases[i].message);
        assert_int_equal(door.tries, 0);
    }
}

static void a_token_is_a_file_s_first_line(void **state)
{
    (void)state;
    char name[] = "/tmp/sluice-token-XXXXXX";
    struct door door = {.tries = 0};
    struct err err = {.msg = ""};
    int fd = mkstemp(name);
    assert_true(fd >= 0 && write(fd, "tok\n", 4) == 4);
    (void)close(fd);
    const struct mail_login login = {.token_file = name};
    assert_int_equal(mail_login_open(&login, knock, &door, &err), RC_OK);
    assert_string_equal(door.presented[0], "tok");
    (void)unlink(name);
    assert_int_equal(mail_login_open(&login, knock, &door, &err), RC_REJECT);
}

static void urls(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool ok;
        enum mail_protocol protocol;
    } cases[] = {
        {"imaps://mail.example", true, MAIL_IMAP},
        {"imap://mail.example:1143/", true, MAIL_IMAP},
        {"pop3s://[::1]:995", true, MAIL_POP3},
        {"pop3://mail.example", true, MAIL_POP3},
        {"imaps://user@mail.example", false, MAIL_IMAP},
        {"imaps://mail.example/INBOX", false, MAIL_IMAP},
        {"imaps://", false, MAIL_IMAP},
        {"https://mail.example", false, MAIL_IMAP},
        {"mail.example", false, MAIL_IMAP},
        {NULL, false, MAIL_IMAP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum mail_protocol protocol = MAIL_IMAP;
        if (mail_link_protocol(cases[i].url, &protocol) != cases[i].ok ||
            protocol != cases[i].protocol)
            fail_msg("case %zu", i);
    }
}

static void what_servers_say_names_nobody(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"no such user ana@acme.example here", "no such user **************** here"},
        {"a\r\nb\x01", "a  b "},
        {"", ""},
    };
    char said[MAIL_SAID_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mail_link_said(str_of(cases[i].text), said);
        assert_string_equal(said, cases[i].said);
    }
    assert_true(mail_link_is_for_now(STR_LIT("unavailable")));
    assert_false(mail_link_is_for_now(STR_LIT("AUTHENTICATIONFAILED")));
    assert_false(mail_link_is_for_now(STR_NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_a_program_s_first_line),
        cmocka_unit_test(a_refused_token_is_asked_for_once_more),
        cmocka_unit_test(the_same_token_is_not_shown_twice),
        cmocka_unit_test(programs_that_give_no_token_are_told),
        cmocka_unit_test(a_token_is_a_file_s_first_line),
        cmocka_unit_test(urls),
        cmocka_unit_test(what_servers_say_names_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
