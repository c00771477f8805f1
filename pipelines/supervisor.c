#include "pipelines/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/stop.h"

#define FIRST_DELAY_MS 200
#define LONGEST_DELAY_MS 30000
#define PROVEN_MS 60000 /* a child that has lived so long is no crash loop */
#define GLANCE_MS 200   /* a stop request may come just before the wait */
#define EXIT_USAGE 2

struct child {
    const struct supervisor_role *role;
    pid_t pid; /* 0 = not running */
    int64_t started_us;
    int64_t restart_us; /* while not running */
    int delay_ms;       /* the last one */
};

struct supervisor {
    const struct supervisor_conf *conf;
    struct child *children;
    const struct supervisor_role *hopeless; /* ended with EXIT_USAGE */
    sigset_t child_signal;
    int pid_file;
};

/* ---- starting ---- */

/* In the child, between fork and exec. */
static _Noreturn void become(const struct supervisor *s, const struct child *child, pid_t parent)
{
    const char *program = s->conf->program != NULL ? s->conf->program : "/proc/self/exe";
    const char *argv[6] = {
        "sluice", "-p", s->conf->pipeline_path, child->role->name, child->role->option, NULL};
    /* Its own group: Ctrl-C reaches the supervisor alone, which then drains in order. */
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)sigprocmask(SIG_UNBLOCK, &s->child_signal, NULL);
    if (getppid() == parent)
        (void)execv(program, (char *const *)argv);
    _exit(127);
}

static bool start(struct supervisor *s, struct child *child)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become(s, child, parent);
    child->started_us = clock_monotonic_us();
    if (pid < 0) {
        child->restart_us = child->started_us + LONGEST_DELAY_MS * US_PER_MS;
        LOG_ERROR("role could not be started", LOG_STR("child", child->role->name),
                  LOG_STR("reason", strerror(errno)));
        return false;
    }
    child->pid = pid;
    LOG_INFO("role started", LOG_STR("child", child->role->name), LOG_INT("pid", pid));
    return true;
}

static void start_due(struct supervisor *s)
{
    int64_t now = clock_monotonic_us();
    for (size_t i = 0; i < s->conf->role_count; i++)
        if (s->children[i].pid == 0 && s->children[i].restart_us <= now)
            (void)start(s, &s->children[i]);
}

/* ---- ending ---- */

static void log_end(const struct child *child, int status, bool wanted)
{
    enum log_level level = wanted ? LOG_LEVEL_INFO : LOG_LEVEL_WARN;
    int64_t lived_ms = (clock_monotonic_us() - child->started_us) / US_PER_MS;
    if (WIFSIGNALED(status))
        LOG_AT(level, "role was killed", LOG_STR("child", child->role->name),
               LOG_INT("signal", WTERMSIG(status)), LOG_INT("lived_ms", lived_ms));
    else
        LOG_AT(level, "role ended", LOG_STR("child", child->role->name),
               LOG_INT("exit", WEXITSTATUS(status)), LOG_INT("lived_ms", lived_ms));
}

static void schedule(struct child *child)
{
    int64_t now = clock_monotonic_us();
    bool proven = now - child->started_us >= PROVEN_MS * US_PER_MS;
    int doubled = child->delay_ms * 2 < LONGEST_DELAY_MS ? child->delay_ms * 2 : LONGEST_DELAY_MS;
    child->delay_ms = proven || child->delay_ms == 0 ? FIRST_DELAY_MS : doubled;
    child->restart_us = now + child->delay_ms * US_PER_MS;
    LOG_INFO("role starts anew", LOG_STR("child", child->role->name),
             LOG_INT("in_ms", child->delay_ms));
}

static struct child *child_of(struct supervisor *s, pid_t pid)
{
    for (size_t i = 0; i < s->conf->role_count; i++)
        if (s->children[i].pid == pid)
            return &s->children[i];
    return NULL;
}

/* Takes note of every child that has ended. stopping: nobody is started anew. */
static void reap(struct supervisor *s, bool stopping)
{
    int status;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        struct child *child = child_of(s, pid);
        if (child == NULL)
            continue;
        child->pid = 0;
        log_end(child, status, stopping);
        if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE && !stopping)
            s->hopeless = child->role;
        else if (!stopping)
            schedule(child);
    }
}

static void wait_for_child(struct supervisor *s)
{
    struct timespec glance = {.tv_nsec = GLANCE_MS * 1000000L};
    (void)sigtimedwait(&s->child_signal, NULL, &glance);
}

static void drain(struct supervisor *s, struct child *child)
{
    int64_t deadline = clock_monotonic_us() + s->conf->drain_ms * US_PER_MS;
    if (child->pid > 0)
        (void)kill(child->pid, SIGTERM);
    while (child->pid > 0 && clock_monotonic_us() < deadline) {
        wait_for_child(s);
        reap(s, true);
    }
    if (child->pid == 0)
        return;
    LOG_ERROR("role did not drain in time and is killed", LOG_STR("child", child->role->name),
              LOG_INT("drain_ms", s->conf->drain_ms));
    (void)kill(child->pid, SIGKILL);
    while (child->pid > 0) {
        wait_for_child(s);
        reap(s, true);
    }
}

/* ---- the pid file ---- */

static enum rc hold_pid_file(struct supervisor *s, struct err *err)
{
    const char *path = s->conf->pid_file;
    if (path == NULL)
        return RC_OK;
    s->pid_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (s->pid_file < 0)
        return err_set(err, RC_FATAL, "cannot open pid file \"%s\": %s", path, strerror(errno));
    if (flock(s->pid_file, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, RC_FATAL, "pid file \"%s\" is held by another run; stop that one first",
                       path);
    if (ftruncate(s->pid_file, 0) != 0 || dprintf(s->pid_file, "%d\n", (int)getpid()) < 0)
        return err_set(err, RC_FATAL, "cannot write pid file \"%s\": %s", path, strerror(errno));
    return RC_OK;
}

static void release_pid_file(struct supervisor *s, bool held)
{
    if (s->pid_file < 0)
        return;
    if (held)
        (void)unlink(s->conf->pid_file);
    (void)close(s->pid_file);
}

/* ---- the loop ---- */

static enum rc supervise(struct supervisor *s, struct err *err)
{
    while (!stop_requested() && s->hopeless == NULL) {
        start_due(s);
        wait_for_child(s);
        reap(s, false);
    }
    LOG_INFO("draining");
    for (size_t i = 0; i < s->conf->role_count; i++)
        drain(s, &s->children[i]);
    if (s->hopeless == NULL)
        return RC_OK;
    return err_set(err, RC_REJECT,
                   "role %s refuses its arguments or the pipeline file (exit code 2), so all roles "
                   "were stopped; its own message stands above",
                   s->hopeless->name);
}

enum rc supervisor_run(const struct supervisor_conf *conf, struct err *err)
{
    struct supervisor s = {.conf = conf, .pid_file = -1};
    sigset_t before;
    (void)sigemptyset(&s.child_signal);
    (void)sigaddset(&s.child_signal, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &s.child_signal, &before);
    s.children = xcalloc(conf->role_count, sizeof *s.children);
    for (size_t i = 0; i < conf->role_count; i++)
        s.children[i].role = &conf->roles[i];
    enum rc rc = hold_pid_file(&s, err);
    bool held = rc == RC_OK;
    if (rc == RC_OK)
        rc = supervise(&s, err);
    release_pid_file(&s, held);
    free(s.children);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return rc;
}
