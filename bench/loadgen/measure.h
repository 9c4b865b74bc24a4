/* Clock, latency histogram, and what the kernel says of processes. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdint.h>

uint64_t now_ns(void);
uint64_t wall_ns(void); /* since the Unix epoch, as messages are stamped */

/* Log-linear buckets: 32 to each power of two, so a quantile is right to 3 %. */
void histogram_clear(void);
void histogram_add(uint64_t ns);
double histogram_quantile_us(double q);
double histogram_mean_us(void);
double histogram_max_us(void);

double process_cpu_s(long pid); /* user + system time so far; 0 if there is no such process */
long process_rss_kb(long pid);
double own_cpu_s(void);

#endif
