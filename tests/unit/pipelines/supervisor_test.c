#include "pipelines/supervisor.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/stop.h"

/* The role is a shell script that writes what it does to "events"; $2 is the pipeline path, $3 the
 * role's name. */
struct stage {
    char folder[32];
    char program[64];
    char events[64];
    char pid_file[64];
};

static struct stage set_up(const char *script)
{
    struct stage stage = {.folder = "/tmp/sluice-run-XXXXXX"};
    assert_non_null(mkdtemp(stage.folder));
    (void)snprintf(stage.program, sizeof stage.program, "%s/role", stage.folder);
    (void)snprintf(stage.events, sizeof stage.events, "%s/events", stage.folder);
    (void)snprintf(stage.pid_file, sizeof stage.pid_file, "%s/pid", stage.folder);
    FILE *file = fopen(stage.program, "w");
    assert_non_null(file);
    (void)fprintf(file, "#!/bin/sh\nevents=%s\n%s\n", stage.events, script);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(stage.program, 0755), 0);
    return stage;
}

static void tear_down(struct stage *stage)
{
    char command[64];
    (void)snprintf(command, sizeof command, "rm -r %s", stage->folder);
    assert_int_equal(system(command), 0);
}

static void events_of(const struct stage *stage, char *text, size_t size)
{
    FILE *file = fopen(stage->events, "r");
    size_t n = file != NULL ? fread(text, 1, size - 1, file) : 0;
    text[n] = '\0';
    if (file != NULL)
        (void)fclose(file);
}

static size_t count_of(const char *text, const char *word)
{
    size_t n = 0;
    for (const char *p = strstr(text, word); p != NULL; p = strstr(p + 1, word))
        n++;
    return n;
}

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static void wait_for_events(const struct stage *stage, const char *word, size_t count)
{
    char text[4096];
    for (int i = 0; i < 500; i++) {
        events_of(stage, text, sizeof text);
        if (count_of(text, word) >= count)
            return;
        pause_ms(20);
    }
    fail_msg("waited for %zu times \"%s\": %s", count, word, text);
}

static pid_t supervise(const struct stage *stage, int drain_ms)
{
    static const struct supervisor_role roles[] = {{"first", NULL}, {"second", "--follow"}};
    const struct supervisor_conf conf = {.program = stage->program,
                                         .pipeline_path = "the.yaml",
                                         .roles = roles,
                                         .role_count = 2,
                                         .pid_file = stage->pid_file,
                                         .drain_ms = drain_ms};
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    struct err err;
    stop_install();
    _exit((int)supervisor_run(&conf, &err));
}

static int result_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static const char steady[] = "trap 'sleep 0.1; echo \"drained $3\" >>$events; exit 0' TERM\n"
                             "echo \"started $*\" >>$events\n"
                             "while :; do sleep 0.05; done";

static void roles_start_and_drain_in_order(void **state)
{
    (void)state;
    char text[4096];
    struct stage stage = set_up(steady);
    pid_t pid = supervise(&stage, 5000);
    wait_for_events(&stage, "started", 2);
    pid_t second = supervise(&stage, 5000);
    assert_int_equal(result_of(second), RC_FATAL);
    assert_int_equal(access(stage.pid_file, F_OK), 0);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(result_of(pid), RC_OK);
    events_of(&stage, text, sizeof text);
    assert_non_null(strstr(text, "started -p the.yaml first\n"));
    assert_non_null(strstr(text, "started -p the.yaml second --follow\n"));
    assert_non_null(strstr(text, "drained first\ndrained second\n"));
    assert_int_equal(count_of(text, "started"), 2);
    assert_int_not_equal(access(stage.pid_file, F_OK), 0);
    tear_down(&stage);
}

static void a_role_that_ends_is_started_anew(void **state)
{
    (void)state;
    struct stage stage = set_up("echo \"started $3\" >>$events\n"
                                "[ $3 = first ] && exit 1\n"
                                "kill -9 $$");
    pid_t pid = supervise(&stage, 1000);
    wait_for_events(&stage, "started first", 3);
    wait_for_events(&stage, "started second", 3);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(result_of(pid), RC_OK);
    tear_down(&stage);
}

static void exit_code_two_ends_the_whole(void **state)
{
    (void)state;
    char text[4096];
    struct stage stage = set_up("[ $3 = second ] && exit 2\n"
                                "trap 'echo drained >>$events; exit 0' TERM\n"
                                "while :; do sleep 0.05; done");
    assert_int_equal(result_of(supervise(&stage, 5000)), RC_REJECT);
    events_of(&stage, text, sizeof text);
    assert_true(count_of(text, "drained") <= 1);
    tear_down(&stage);
}

static void a_role_that_does_not_drain_is_killed(void **state)
{
    (void)state;
    struct stage stage = set_up("trap '' TERM\necho started >>$events\nexec sleep 1000");
    pid_t pid = supervise(&stage, 200);
    wait_for_events(&stage, "started", 2);
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(result_of(pid), RC_OK);
    tear_down(&stage);
}

static void roles_end_with_their_supervisor(void **state)
{
    (void)state;
    struct stage stage = set_up(steady);
    pid_t pid = supervise(&stage, 5000);
    wait_for_events(&stage, "started", 2);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(result_of(pid), -SIGKILL);
    wait_for_events(&stage, "drained", 2);
    tear_down(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_start_and_drain_in_order),
        cmocka_unit_test(a_role_that_ends_is_started_anew),
        cmocka_unit_test(exit_code_two_ends_the_whole),
        cmocka_unit_test(a_role_that_does_not_drain_is_killed),
        cmocka_unit_test(roles_end_with_their_supervisor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
