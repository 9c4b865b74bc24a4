#define _GNU_SOURCE
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t now_ns(void) { return read_clock(CLOCK_MONOTONIC); }

uint64_t wall_ns(void) { return read_clock(CLOCK_REALTIME); }

/* ------------------------------------------------------------ histogram */

enum { SUB_BITS = 5, SUB = 1 << SUB_BITS, BUCKETS = 64 * SUB };

static uint64_t buckets[BUCKETS], added, largest;
static double sum;

void histogram_clear(void) {
    memset(buckets, 0, sizeof buckets);
    added = largest = 0;
    sum = 0;
}

static int bucket_of(uint64_t ns) {
    if (ns < SUB) return (int)ns;
    int exponent = 63 - __builtin_clzll(ns);
    int fraction = (int)(ns >> (exponent - SUB_BITS)) & (SUB - 1);
    return (exponent - SUB_BITS + 1) * SUB + fraction;
}

static double bucket_floor_us(int bucket) {
    if (bucket < SUB) return bucket / 1e3;
    int exponent = bucket / SUB + SUB_BITS - 1;
    uint64_t fraction = (uint64_t)(bucket & (SUB - 1));
    return (double)((1ull << exponent) + (fraction << (exponent - SUB_BITS))) / 1e3;
}

void histogram_add(uint64_t ns) {
    buckets[bucket_of(ns)]++;
    added++;
    sum += (double)ns;
    if (ns > largest) largest = ns;
}

double histogram_quantile_us(double q) {
    uint64_t wanted = (uint64_t)(q * (double)added), seen = 0;
    for (int b = 0; b < BUCKETS; b++) {
        seen += buckets[b];
        if (seen > wanted) return bucket_floor_us(b);
    }
    return histogram_max_us();
}

double histogram_mean_us(void) { return added ? sum / (double)added / 1e3 : 0; }

double histogram_max_us(void) { return (double)largest / 1e3; }

/* ------------------------------------------------------------ processes */

double process_cpu_s(long pid) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = 0;
    char *after_name = strrchr(text, ')');
    unsigned long user = 0, system = 0;
    if (!after_name ||
        sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system) != 2)
        return 0;
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

long process_rss_kb(long pid) {
    char path[64], line[256];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, "VmRSS:", 6)) kb = atol(line + 6);
    fclose(file);
    return kb;
}

double own_cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec / 1e6 +
           (double)used.ru_stime.tv_sec + (double)used.ru_stime.tv_usec / 1e6;
}
