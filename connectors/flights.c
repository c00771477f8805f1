#include "connectors/flights.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "lib/clock.h"

struct flight {
    struct flights *flights;
    int64_t next;
    bool has_landed;
    enum rc rc;
};

struct flights {
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t landed;
    struct flight all[FLIGHTS_MOST]; /* a ring: those from first to end */
    uint64_t first;                  /* the first that is not confirmed */
    uint64_t end;
    struct flights_state state;
    struct err why; /* the failure told for the earliest flight so far */
    uint64_t why_of;
};

struct flights *flights_new(void)
{
    struct flights *flights = xcalloc(1, sizeof *flights);
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&flights->mutex, NULL);
    (void)pthread_cond_init(&flights->landed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    flights->state.confirmed = -1;
    return flights;
}

void flights_free(struct flights **flights)
{
    if (flights == NULL || *flights == NULL)
        return;
    assert((*flights)->state.out == 0);
    (void)pthread_cond_destroy(&(*flights)->landed);
    (void)pthread_mutex_destroy(&(*flights)->mutex);
    free(*flights);
    *flights = NULL;
}

static struct flight *at(struct flights *flights, uint64_t number)
{
    return &flights->all[number % FLIGHTS_MOST];
}

void *flights_begin(struct flights *flights, int64_t next)
{
    struct flight *flight = NULL;
    (void)pthread_mutex_lock(&flights->mutex);
    if (flights->end - flights->first < FLIGHTS_MOST) {
        flight = at(flights, flights->end++);
        *flight = (struct flight){.flights = flights, .next = next};
        flights->state.out++;
    }
    (void)pthread_mutex_unlock(&flights->mutex);
    return flight;
}

void flights_cancel(struct flights *flights)
{
    (void)pthread_mutex_lock(&flights->mutex);
    flights->end--;
    flights->state.out--;
    (void)pthread_mutex_unlock(&flights->mutex);
}

static uint64_t number_of(const struct flights *flights, const struct flight *flight)
{
    uint64_t slot = (uint64_t)(flight - flights->all);
    return flights->first + (slot + FLIGHTS_MOST - flights->first % FLIGHTS_MOST) % FLIGHTS_MOST;
}

static void note_failure(struct flights *flights, const struct flight *flight,
                         const struct err *err)
{
    uint64_t number = number_of(flights, flight);
    if (flights->state.has_failed && flights->why_of < number)
        return;
    flights->state.has_failed = true;
    flights->why_of = number;
    flights->why = err != NULL ? *err : (struct err){.rc = flight->rc};
}

static void confirm_in_order(struct flights *flights)
{
    while (flights->first < flights->end) {
        const struct flight *flight = at(flights, flights->first);
        if (!flight->has_landed || flight->rc != RC_OK)
            break;
        flights->state.confirmed = flight->next;
        flights->state.count++;
        flights->first++;
    }
}

void flights_landed(void *context, enum rc rc, const struct err *err)
{
    struct flight *flight = context;
    struct flights *flights = flight->flights;
    (void)pthread_mutex_lock(&flights->mutex);
    flight->has_landed = true;
    flight->rc = rc;
    flights->state.out--;
    if (rc != RC_OK)
        note_failure(flights, flight, err);
    confirm_in_order(flights);
    (void)pthread_cond_signal(&flights->landed);
    (void)pthread_mutex_unlock(&flights->mutex);
}

struct flights_state flights_state(struct flights *flights)
{
    (void)pthread_mutex_lock(&flights->mutex);
    struct flights_state state = flights->state;
    (void)pthread_mutex_unlock(&flights->mutex);
    return state;
}

static struct timespec after(int timeout_ms)
{
    int64_t until_us = clock_monotonic_us() + timeout_ms * US_PER_MS;
    return (struct timespec){.tv_sec = (time_t)(until_us / US_PER_SECOND),
                             .tv_nsec = (long)(until_us % US_PER_SECOND * 1000)};
}

void flights_wait(struct flights *flights, int timeout_ms)
{
    const struct timespec until = after(timeout_ms);
    (void)pthread_mutex_lock(&flights->mutex);
    (void)pthread_cond_timedwait(&flights->landed, &flights->mutex, &until);
    (void)pthread_mutex_unlock(&flights->mutex);
}

bool flights_wait_for_all(struct flights *flights, int timeout_ms)
{
    const struct timespec until = after(timeout_ms);
    int code = 0;
    (void)pthread_mutex_lock(&flights->mutex);
    while (flights->state.out > 0 && code == 0)
        code = pthread_cond_timedwait(&flights->landed, &flights->mutex, &until);
    bool all = flights->state.out == 0;
    (void)pthread_mutex_unlock(&flights->mutex);
    return all;
}

void flights_restart(struct flights *flights, int64_t *failed_out, struct err *why_out)
{
    (void)pthread_mutex_lock(&flights->mutex);
    assert(flights->state.out == 0);
    *failed_out = flights->state.has_failed ? at(flights, flights->why_of)->next : -1;
    *why_out = flights->why;
    flights->first = flights->end;
    flights->state.has_failed = false;
    flights->why = (struct err){0};
    (void)pthread_mutex_unlock(&flights->mutex);
}
