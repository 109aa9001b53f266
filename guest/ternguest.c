/*
 * The only program of the test guest: it is /init. What it prints and what it writes to its disk is described in
 * README.md; an outside program proves lost writes, corruption, reboots and pauses from that alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <linux/input.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, WORDS = BLOCK / 8, TICK_NS = 10 * 1000 * 1000, READ_AHEAD = 256, MAX_BLOCKS = 1 << 20 };

static const uint64_t SECOND = 1000000000ull;
static const char MAGIC[8] = "TERNBLK1";

static int tty = -1;
static uint32_t boot;

/* ---------------------------------------------------------------- time, numbers, lines */

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t at) {
    struct timespec t = {.tv_sec = (time_t)(at / SECOND), .tv_nsec = (long)(at % SECOND)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
    }
}

/* The next tick of a schedule that skips what it missed, so that a starved guest does not answer with a burst. */
static uint64_t tick(uint64_t last, uint64_t period) {
    uint64_t next = last + period, t = now();
    if (next < t) next = t;
    sleep_until(next);
    return next;
}

static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

static uint32_t crc_table[256];

static void crc_prepare(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = (c >> 1) ^ (c & 1 ? 0xedb88320u : 0);
        crc_table[i] = c;
    }
}

static uint32_t crc32(const uint8_t *bytes, size_t length) {
    uint32_t c = 0xffffffffu;
    while (length--) c = (c >> 8) ^ crc_table[(c ^ *bytes++) & 0xff];
    return ~c;
}

/* One line is one write to the terminal under one lock, so lines never mix. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
    static pthread_mutex_t one_line = PTHREAD_MUTEX_INITIALIZER;
    char line[200];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    if (length > (int)sizeof line - 2) length = (int)sizeof line - 2;
    line[length++] = '\n';
    pthread_mutex_lock(&one_line);
    for (int sent = 0; sent < length;) {
        ssize_t n = write(tty, line + sent, (size_t)(length - sent));
        if (n > 0) sent += (int)n;
        else if (errno != EINTR && errno != EAGAIN) break;
    }
    pthread_mutex_unlock(&one_line);
}

/* ---------------------------------------------------------------- heartbeat */

static uint64_t beat_millis = 10;

static void *beat(void *unused) {
    (void)unused;
    uint64_t at = now();
    for (uint64_t n = 1;; n++) {
        say("H %" PRIu64 " %" PRIu64 " %08" PRIx32, n, now(), boot);
        at = tick(at, beat_millis * 1000000);
    }
    return NULL;
}

/* ---------------------------------------------------------------- disk */

struct block {
    char magic[8];
    uint64_t seq, number;
    uint32_t boot, zero;
    uint64_t payload[WORDS - 5];
    uint32_t pad, crc;
};
_Static_assert(sizeof(struct block) == BLOCK, "a block is 4 KiB");

static uint64_t writes_per_second, write_blocks, write_first;
static int disk = -1;
static uint64_t disk_blocks, next_seq = 1;
static uint64_t *last_seq; /* what each block held when it was last written or found */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

static void fill_block(struct block *b, uint64_t seq, uint64_t number) {
    memset(b, 0, sizeof *b);
    memcpy(b->magic, MAGIC, sizeof MAGIC);
    b->seq = seq;
    b->number = number;
    b->boot = boot;
    for (uint64_t j = 0; j < WORDS - 5; j++) b->payload[j] = mix(seq * WORDS + j);
    b->crc = crc32((const uint8_t *)b, BLOCK - 4);
}

/* The sequence number a block holds, 0 when nobody wrote it yet, UINT64_MAX when it is damaged. */
static uint64_t seq_of(const struct block *b, uint64_t number) {
    if (memcmp(b->magic, MAGIC, sizeof MAGIC) != 0) {
        for (size_t j = 0; j < WORDS; j++)
            if (((const uint64_t *)b)[j] != 0) return UINT64_MAX;
        return 0;
    }
    bool whole = b->number == number && b->crc == crc32((const uint8_t *)b, BLOCK - 4);
    return whole ? b->seq : UINT64_MAX;
}

/* Reads what earlier boots left, so that sequence numbers go on rising over a reboot. */
static void find_earlier_writes(struct block *buffer) {
    for (uint64_t i = 0; i < write_blocks;) {
        uint64_t count = write_blocks - i < READ_AHEAD ? write_blocks - i : READ_AHEAD;
        ssize_t n = pread(disk, buffer, count * BLOCK, (off_t)((write_first + i) * BLOCK));
        if (n != (ssize_t)(count * BLOCK)) {
            say("R EIO read block %" PRIu64 " errno %d", write_first + i, n < 0 ? errno : 0);
            return;
        }
        for (uint64_t k = 0; k < count; k++) {
            uint64_t seq = seq_of(&buffer[k], write_first + i + k);
            if (seq == UINT64_MAX) {
                say("R CORRUPT block %" PRIu64 " found at start", write_first + i + k);
                seq = 0;
            }
            last_seq[i + k] = seq;
            if (seq >= next_seq) next_seq = seq + 1;
        }
        i += count;
    }
}

/* False when the block does not hold what was last written to it. */
static bool still_there(struct block *buffer, uint64_t i) {
    uint64_t number = write_first + i;
    if (last_seq[i] == 0) return true;
    ssize_t n = pread(disk, buffer, BLOCK, (off_t)(number * BLOCK));
    if (n != BLOCK) {
        say("R EIO read block %" PRIu64 " errno %d", number, n < 0 ? errno : 0);
        return true;
    }
    uint64_t seq = seq_of(buffer, number);
    if (seq == last_seq[i]) return true;
    if (seq == UINT64_MAX) say("R CORRUPT block %" PRIu64 " expected %" PRIu64, number, last_seq[i]);
    else say("R LOST block %" PRIu64 " expected %" PRIu64 " found %" PRIu64, number, last_seq[i], seq);
    return false;
}

static bool write_block(struct block *buffer, uint64_t seq, uint64_t i) {
    uint64_t number = write_first + i;
    fill_block(buffer, seq, number);
    errno = 0;
    if (pwrite(disk, buffer, BLOCK, (off_t)(number * BLOCK)) != BLOCK || fdatasync(disk) != 0) {
        say("R EIO write seq %" PRIu64 " block %" PRIu64 " errno %d", seq, number, errno);
        last_seq[i] = 0; /* the old or the new one may be there now */
        return false;
    }
    last_seq[i] = seq;
    say("A %" PRIu64 " %" PRIu64 " %08" PRIx32, seq, number, buffer->crc);
    return true;
}

static void *keep_writing(void *buffer) {
    uint64_t at = now();
    for (uint64_t seq = next_seq;; seq++) {
        uint64_t i = seq % write_blocks;
        pthread_mutex_lock(&writing);
        still_there(buffer, i);
        bool written = write_block(buffer, seq, i);
        pthread_mutex_unlock(&writing);
        if (!written) at = tick(at, SECOND / 5);
        else if (writes_per_second) at = tick(at, SECOND / writes_per_second);
    }
    return NULL;
}

static void open_disk(void) {
    disk = open("/dev/vda", O_RDWR | O_DIRECT | O_CLOEXEC);
    if (disk < 0) return;
    uint64_t bytes = 0;
    if (ioctl(disk, BLKGETSIZE64, &bytes) == 0) disk_blocks = bytes / BLOCK;
}

/* ---------------------------------------------------------------- memory */

static uint64_t memory_pages, rewrite_pages_per_second;
static uint64_t (*pages)[WORDS];
static uint32_t *generation; /* what each page must hold; far from the pages, so that losing one page shows */
static uint64_t checked, bad;

static uint64_t base_of(uint64_t page, uint32_t g) { return mix(((uint64_t)boot << 32) ^ (page << 20) ^ g); }

static const uint64_t STEP = 0x9e3779b97f4a7c15ull;

static void fill_page(uint64_t page) {
    uint64_t value = base_of(page, generation[page]);
    uint64_t *words = pages[page];
    words[0] = generation[page];
    for (size_t j = 1; j < WORDS; j++) words[j] = value += STEP;
}

static void check_page(uint64_t page, uint64_t round) {
    uint64_t value = base_of(page, generation[page]), wrong = 0;
    const uint64_t *words = pages[page];
    wrong |= words[0] ^ generation[page];
    for (size_t j = 1; j < WORDS; j++) wrong |= words[j] ^ (value += STEP);
    checked++;
    if (!wrong) return;
    bad++;
    say("M %" PRIu64 " %" PRIu64 " %" PRIu64, round, checked, bad);
    if (bad <= 20)
        say("R BADMEM page %" PRIu64 " expected generation %" PRIu32 " found %" PRIu64, page, generation[page], words[0]);
    fill_page(page); /* so that each loss counts once */
}

static void rewrite_page(uint64_t page, uint64_t round) {
    check_page(page, round); /* or the new content would hide that the old was lost */
    generation[page]++;
    fill_page(page);
}

static void *keep_memory(void *unused) {
    (void)unused;
    uint64_t at = now(), to_rewrite = 0, rewritten = 0;
    const uint64_t share = memory_pages / 50 + 1; /* of a tick: a round in half a second */
    for (uint64_t round = 1;; round++) {
        for (uint64_t page = 0; page < memory_pages;) {
            to_rewrite += rewrite_pages_per_second;
            for (; to_rewrite >= 100; to_rewrite -= 100) rewrite_page(rewritten++ % memory_pages, round);
            for (uint64_t end = page + share; page < end && page < memory_pages; page++) check_page(page, round);
            at = tick(at, TICK_NS);
        }
        say("M %" PRIu64 " %" PRIu64 " %" PRIu64, round, checked, bad);
    }
    return NULL;
}

static void *map(size_t bytes) {
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

/* ---------------------------------------------------------------- start and end */

static void *await_power_button(void *unused) {
    (void)unused;
    struct pollfd inputs[4];
    nfds_t count = 0;
    for (int i = 0; i < 4; i++) {
        char path[32];
        snprintf(path, sizeof path, "/dev/input/event%d", i);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) inputs[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    while (count > 0 && poll(inputs, count, -1) > 0) {
        for (nfds_t i = 0; i < count; i++) {
            struct input_event event;
            if (!(inputs[i].revents & POLLIN) || read(inputs[i].fd, &event, sizeof event) != sizeof event) continue;
            if (event.type != EV_KEY || event.code != KEY_POWER || event.value != 1) continue;
            pthread_mutex_lock(&writing); /* kept: the last acknowledged write was the last one */
            say("R poweroff boot %08" PRIx32, boot);
            tcdrain(tty);
            sync();
            reboot(RB_POWER_OFF);
        }
    }
    return NULL;
}

static void load_modules(void) {
    FILE *order = fopen("/modules/order", "re");
    char name[64], path[80];
    while (order && fscanf(order, "%63s", name) == 1) {
        snprintf(path, sizeof path, "/modules/%s", name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) != 0) say("R MODULE %s errno %d", name, errno);
        if (fd >= 0) close(fd);
    }
    if (order) fclose(order);
}

static void read_options(void) {
    char line[2048] = {0}, *rest = line;
    int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, line, sizeof line - 1) < 0) say("R BADOPTION the command line cannot be read");
    if (fd >= 0) close(fd);
    for (char *word; (word = strsep(&rest, " \n")) != NULL;) {
        uint64_t mebibytes = 0, rate = 0;
        if (strncmp(word, "tern.", 5) != 0) continue;
        if (sscanf(word, "tern.beat=%" SCNu64, &beat_millis) == 1) continue;
        if (sscanf(word, "tern.write=%" SCNu64 ",%" SCNu64 ",%" SCNu64, &writes_per_second, &write_blocks, &write_first) == 3)
            continue;
        if (sscanf(word, "tern.mem=%" SCNu64 ",%" SCNu64, &mebibytes, &rate) == 2) {
            memory_pages = mebibytes * 256;
            rewrite_pages_per_second = rate * 256;
            continue;
        }
        say("R BADOPTION %.150s", word);
    }
}

static void choose_boot_id(void) {
    uint64_t seed = 0;
    struct timespec t;
    if (getrandom(&seed, sizeof seed, GRND_INSECURE) != sizeof seed) seed = 0; /* never waits for entropy */
    clock_gettime(CLOCK_REALTIME, &t);
    boot = (uint32_t)mix(seed ^ mix((uint64_t)t.tv_sec) ^ mix((uint64_t)t.tv_nsec << 1) ^ now());
}

static void start(void *(*body)(void *), void *argument, int policy, int priority) {
    pthread_t thread;
    pthread_attr_t attributes;
    struct sched_param param = {.sched_priority = priority};
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, policy);
    pthread_attr_setschedparam(&attributes, &param);
    int error = pthread_create(&thread, &attributes, body, argument);
    if (error) say("R THREAD errno %d", error);
}

static void start_writing(void) {
    struct block *buffer = NULL;
    if (write_blocks == 0) return;
    if (disk < 0 || write_blocks > MAX_BLOCKS || write_first > disk_blocks || write_blocks > disk_blocks - write_first) {
        say("R BADOPTION tern.write asks for blocks %" PRIu64 " to %" PRIu64 " of %" PRIu64, write_first,
            write_first + write_blocks, disk_blocks);
        return;
    }
    last_seq = calloc(write_blocks, sizeof *last_seq);
    if (!last_seq || posix_memalign((void **)&buffer, BLOCK, (size_t)READ_AHEAD * BLOCK) != 0) {
        say("R NOMEM for writing");
        return;
    }
    find_earlier_writes(buffer);
    say("R disk first %" PRIu64 " count %" PRIu64 " next %" PRIu64, write_first, write_blocks, next_seq);
    start(keep_writing, buffer, SCHED_OTHER, 0);
}

static void start_memory(void) {
    if (memory_pages == 0) return;
    pages = map(memory_pages * BLOCK);
    generation = map(memory_pages * sizeof *generation);
    if (!pages || !generation) {
        say("R NOMEM for %" PRIu64 " MiB", memory_pages / 256);
        return;
    }
    for (uint64_t page = 0; page < memory_pages; page++) fill_page(page);
    start(keep_memory, NULL, SCHED_OTHER, 0);
}

int main(void) {
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mount("proc", "/proc", "proc", 0, NULL);
    klogctl(8, NULL, 1); /* from here on the kernel says nothing short of its death: the console is ours */
    tty = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios raw;
    if (tty >= 0 && tcgetattr(tty, &raw) == 0) {
        cfmakeraw(&raw);
        tcsetattr(tty, TCSANOW, &raw);
    }
    crc_prepare();
    choose_boot_id();
    read_options();
    load_modules();
    open_disk();
    say("R ready boot %08" PRIx32 " blocks %" PRIu64, boot, disk_blocks);
    if (beat_millis) start(beat, NULL, SCHED_FIFO, 50);
    start(await_power_button, NULL, SCHED_FIFO, 40);
    start_writing();
    start_memory();
    for (;;) pause();
}
