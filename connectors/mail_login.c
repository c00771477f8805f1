#include "connectors/mail_login.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/limits.h"
#include "lib/stop.h"

#define COMMAND_MS 30000
#define SLICE_MS 250

extern char **environ;

/* ---- a program's first line ---- */

static enum rc spawn(const char *command, pid_t *pid_out, int *fd_out, struct err *err)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, RC_RETRY, "no pipe for token_command: %s", strerror(errno));
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP); /* to end all of it */
    char *const arguments[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
    int code = posix_spawn(pid_out, "/bin/sh", &actions, &attributes, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    (void)close(ends[1]);
    *fd_out = ends[0];
    if (code == 0)
        return RC_OK;
    (void)close(ends[0]);
    return err_set(err, RC_REJECT, "token_command cannot be started: %s", strerror(code));
}

/* Up to its end of output. */
static enum rc read_output(int fd, char *text, size_t room, size_t *n_out, struct err *err)
{
    int64_t until_us = clock_monotonic_us() + COMMAND_MS * US_PER_MS;
    size_t n = 0;
    for (;;) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        if (stop_requested())
            return RC_AGAIN;
        if (clock_monotonic_us() > until_us)
            return err_set(err, RC_REJECT, "token_command took more than %d s", COMMAND_MS / 1000);
        if (poll(&poll_fd, 1, SLICE_MS) <= 0)
            continue;
        ssize_t got = read(fd, text + n, room - n);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return err_set(err, RC_RETRY, "token_command cannot be read: %s", strerror(errno));
        n += got > 0 ? (size_t)got : 0;
        if (n == room)
            return err_set(err, RC_REJECT, "token_command wrote more than a token may have");
    }
    *n_out = n;
    return RC_OK;
}

static enum rc run_command(const char *command, char *text, size_t room, size_t *n_out,
                           struct err *err)
{
    pid_t pid = -1;
    int fd = -1, status = 0;
    enum rc rc = spawn(command, &pid, &fd, err);
    if (rc != RC_OK)
        return rc;
    rc = read_output(fd, text, room, n_out, err);
    (void)close(fd);
    if (rc != RC_OK)
        (void)kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (rc == RC_OK && status != 0)
        rc = err_set(err, RC_REJECT, "token_command failed with %s %d",
                     WIFEXITED(status) ? "exit code" : "signal",
                     WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return rc;
}

/* ---- the token ---- */

static enum rc read_file(const char *path, char *text, size_t room, size_t *n_out, struct err *err)
{
    struct arena *arena = arena_new("token file", 2 * LIMIT_MAIL_TOKEN_BYTES);
    struct str found;
    enum rc rc = file_read(path, room - 1, arena, &found, err);
    if (rc == RC_OK) {
        memcpy(text, found.p, found.n);
        *n_out = found.n;
    }
    arena_free(&arena);
    return rc;
}

static enum rc first_line(char *text, size_t n, const char *from, struct err *err)
{
    text[n] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    for (const char *p = text; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~')
            return err_set(err, RC_REJECT, "what %s gives has characters that no token has", from);
    return text[0] != '\0' ? RC_OK : err_set(err, RC_REJECT, "%s gives no token", from);
}

static enum rc get_token(const struct mail_login *login, char *token, struct err *err)
{
    size_t n = 0;
    bool is_command = login->token_command != NULL;
    enum rc rc = is_command
                     ? run_command(login->token_command, token, LIMIT_MAIL_TOKEN_BYTES, &n, err)
                     : read_file(login->token_file, token, LIMIT_MAIL_TOKEN_BYTES, &n, err);
    return rc == RC_OK ? first_line(token, n, is_command ? "token_command" : "token_file", err)
                       : rc;
}

/* ---- logging in ---- */

static struct mail_link_conf conf_of(const struct mail_login *login)
{
    return (struct mail_link_conf){.url = login->url,
                                   .user = login->user,
                                   .password = login->password,
                                   .ca_file = login->ca_file,
                                   .is_plain_allowed = login->is_plain_allowed};
}

static enum rc open_with_token(const struct mail_login *login, char *token, mail_login_fn *open,
                               void *context, struct err *err)
{
    struct mail_link_conf conf = conf_of(login);
    enum rc rc = get_token(login, token, err);
    conf.token = token;
    return rc == RC_OK ? open(context, &conf, err) : rc;
}

enum rc mail_login_open(const struct mail_login *login, mail_login_fn *open, void *context,
                        struct err *err)
{
    if (login->token_command == NULL && login->token_file == NULL) {
        struct mail_link_conf conf = conf_of(login);
        return open(context, &conf, err);
    }
    char first[LIMIT_MAIL_TOKEN_BYTES + 1], second[LIMIT_MAIL_TOKEN_BYTES + 1];
    struct err again = {.rc = RC_OK};
    enum rc rc = open_with_token(login, first, open, context, err);
    if (rc != RC_REJECT || !mail_link_is_refusal(err))
        return rc;
    /* The same token is not shown twice: servers count refusals. */
    struct mail_link_conf conf = conf_of(login);
    conf.token = second;
    if (get_token(login, second, &again) != RC_OK || strcmp(first, second) == 0)
        return rc;
    return open(context, &conf, err);
}
