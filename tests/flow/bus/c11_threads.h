/* c11_threads.h: C11 threads by way of pthreads, for ThreadSanitizer only.
 *
 * librdkafka uses thrd_, mtx_ and cnd_ of glibc, which gcc 12's ThreadSanitizer does not know: its
 * runtime crashes in threads that it did not see begin, and takes every hand-over through
 * librdkafka's queues for a race. In glibc mtx_t and cnd_t are the pthread types under another
 * name. */
#ifndef SLUICE_TESTS_FLOW_BUS_C11_THREADS_H
#define SLUICE_TESTS_FLOW_BUS_C11_THREADS_H

#if defined(__SANITIZE_THREAD__)

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

const char *__tsan_default_suppressions(void);

/* librdkafka counts references with atomics that are not instrumented: what it frees or destroys in
 * one thread after another's last use looks like a race. Only its own calls are left out, those
 * that come by way of the functions below included: nothing of this project uses C11 threads. */
const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:librdkafka.so\nrace:^mtx_\nrace:^cnd_\n";
}

struct c11_start {
    thrd_start_t function;
    void *argument;
};

static void *c11_run(void *context)
{
    struct c11_start start = *(struct c11_start *)context;
    free(context);
    return (void *)(intptr_t)start.function(start.argument);
}

static int c11_result(int code)
{
    return code == 0           ? thrd_success
           : code == ETIMEDOUT ? thrd_timedout
           : code == EBUSY     ? thrd_busy
                               : thrd_error;
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument)
{
    struct c11_start *start = malloc(sizeof *start);
    if (start == NULL)
        return thrd_nomem;
    *start = (struct c11_start){function, argument};
    return c11_result(pthread_create((pthread_t *)thread, NULL, c11_run, start));
}

int thrd_join(thrd_t thread, int *result)
{
    void *returned = NULL;
    int code = pthread_join((pthread_t)thread, &returned);
    if (result != NULL)
        *result = (int)(intptr_t)returned;
    return c11_result(code);
}

int thrd_detach(thrd_t thread)
{
    return c11_result(pthread_detach((pthread_t)thread));
}

int mtx_init(mtx_t *mutex, int type)
{
    pthread_mutexattr_t attributes;
    (void)pthread_mutexattr_init(&attributes);
    (void)pthread_mutexattr_settype(
        &attributes, (type & mtx_recursive) != 0 ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
    return c11_result(pthread_mutex_init((pthread_mutex_t *)mutex, &attributes));
}

int mtx_lock(mtx_t *mutex)
{
    return c11_result(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_trylock(mtx_t *mutex)
{
    return c11_result(pthread_mutex_trylock((pthread_mutex_t *)mutex));
}

int mtx_unlock(mtx_t *mutex)
{
    return c11_result(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

void mtx_destroy(mtx_t *mutex)
{
    (void)pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int cnd_init(cnd_t *condition)
{
    return c11_result(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

int cnd_signal(cnd_t *condition)
{
    return c11_result(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
    return c11_result(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return c11_result(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex,
                  const struct timespec *restrict until)
{
    return c11_result(
        pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until));
}

void cnd_destroy(cnd_t *condition)
{
    (void)pthread_cond_destroy((pthread_cond_t *)condition);
}

#endif
#endif
