import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.KRaftVersionRecord;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.message.SnapshotFooterRecord;
import org.apache.kafka.common.message.SnapshotHeaderRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

/**
 * Record batches by Apache Kafka's own classes.
 *
 * <pre>
 *   write FOLDER      writes a file of batches for each case, and describes all in expected.json
 *   describe FOLDER   prints what Apache Kafka reads in the .bin files of a folder, checksums verified
 * </pre>
 */
public class RecordBatches {
    private static final byte MAGIC = 2;
    private static final long NOON = 1_700_000_000_000L;
    private static final ObjectMapper JSON =
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[1]);
        if (arguments[0].equals("write")) {
            for (Map.Entry<String, ByteBuffer> entry : cases().entrySet()) {
                Files.write(folder.resolve(entry.getKey() + ".bin"), bytes(entry.getValue()));
            }
            Files.writeString(folder.resolve("expected.json"), describe(folder) + "\n");
        } else {
            System.out.println(describe(folder));
        }
    }

    /** What a batch is made with; a plain producer's unless changed. */
    private static class Batch {
        Compression compression = Compression.NONE;
        TimestampType timestampType = TimestampType.CREATE_TIME;
        long baseOffset = 0;
        long logAppendTime = -1;
        long producerId = -1;
        short producerEpoch = -1;
        int baseSequence = -1;
        boolean isTransactional = false;
        int leaderEpoch = -1;
        long deleteHorizon = -1;

        MemoryRecordsBuilder builder() {
            return new MemoryRecordsBuilder(new ByteBufferOutputStream(1 << 20), MAGIC, compression,
                timestampType, baseOffset, logAppendTime, producerId, producerEpoch, baseSequence,
                isTransactional, false, leaderEpoch, 1 << 20, deleteHorizon);
        }

        ByteBuffer of(SimpleRecord... records) {
            MemoryRecordsBuilder builder = builder();
            for (SimpleRecord record : records) builder.append(record);
            return builder.build().buffer();
        }
    }

    private static Map<String, ByteBuffer> cases() {
        Map<String, ByteBuffer> cases = new TreeMap<>();
        Map<String, Compression> codecs = new LinkedHashMap<>();
        codecs.put("none", Compression.NONE);
        codecs.put("gzip", Compression.gzip().build());
        codecs.put("gzip-9", Compression.gzip().level(9).build());
        codecs.put("snappy", Compression.snappy().build());
        codecs.put("lz4", Compression.lz4().build());
        codecs.put("lz4-17", Compression.lz4().level(17).build());
        codecs.put("zstd", Compression.zstd().build());
        codecs.put("zstd-19", Compression.zstd().level(19).build());
        codecs.forEach((name, compression) -> {
            Batch batch = new Batch();
            batch.compression = compression;
            cases.put("records-" + name, batch.of(records()));
            if (!name.equals("none")) cases.put("large-" + name, batch.of(large(name)));
        });

        Batch offsets = new Batch();
        offsets.baseOffset = 1L << 45;
        offsets.leaderEpoch = 7;
        cases.put("far-offset-and-leader-epoch", offsets.of(records()));

        Batch idempotent = new Batch();
        idempotent.producerId = 1234567890123L;
        idempotent.producerEpoch = 32767;
        idempotent.baseSequence = Integer.MAX_VALUE - 1; // the last ones begin at 0 again
        cases.put("idempotent", idempotent.of(records()));

        Batch transactional = new Batch();
        transactional.producerId = 42;
        transactional.producerEpoch = 3;
        transactional.baseSequence = 100;
        transactional.isTransactional = true;
        transactional.compression = codecs.get("zstd");
        cases.put("transactional", transactional.of(records()));

        for (String codec : List.of("none", "gzip")) {
            Batch stamped = new Batch();
            stamped.timestampType = TimestampType.LOG_APPEND_TIME;
            stamped.logAppendTime = NOON + 5;
            stamped.compression = codecs.get(codec);
            cases.put("log-append-time-" + codec, stamped.of(records()));
        }

        cases.put("no-timestamps", new Batch().of(
            new SimpleRecord(-1, bytes("a"), bytes("b")), new SimpleRecord(-1, null, bytes("c"))));

        Batch horizon = new Batch();
        horizon.baseOffset = 10;
        horizon.deleteHorizon = NOON + 86_400_000;
        cases.put("delete-horizon", horizon.of(records()));

        MemoryRecordsBuilder gaps = new Batch().builder();
        for (long offset : new long[] {3, 4, 900, 70_000}) {
            gaps.appendWithOffset(offset, new SimpleRecord(NOON, bytes("k"), bytes("v" + offset)));
        }
        cases.put("compacted-with-gaps", gaps.build().buffer());

        ByteBuffer empty = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
        DefaultRecordBatch.writeEmptyHeader(empty, MAGIC, 42, (short) 3, 100, 50, 59, 7,
            TimestampType.CREATE_TIME, NOON, true, false);
        empty.flip();
        cases.put("empty-after-compaction", empty);

        for (ControlRecordType type : List.of(ControlRecordType.COMMIT, ControlRecordType.ABORT)) {
            cases.put("control-" + type.name().toLowerCase(), MemoryRecords.withEndTransactionMarker(
                77, NOON, 7, 42, (short) 3, new EndTransactionMarker(type, 12)).buffer());
        }
        cases.put("control-leader-change", MemoryRecords.withLeaderChangeMessage(0, NOON, 7,
            ByteBuffer.allocate(512), new LeaderChangeMessage().setVersion((short) 0).setLeaderId(1)
                .setVoters(List.of(new LeaderChangeMessage.Voter().setVoterId(1)))).buffer());
        cases.put("control-snapshot-header", MemoryRecords.withSnapshotHeaderRecord(0, NOON, 7,
            ByteBuffer.allocate(512), new SnapshotHeaderRecord().setLastContainedLogTimestamp(NOON)).buffer());
        cases.put("control-snapshot-footer", MemoryRecords.withSnapshotFooterRecord(9, NOON, 7,
            ByteBuffer.allocate(512), new SnapshotFooterRecord()).buffer());
        cases.put("control-kraft-version", MemoryRecords.withKRaftVersionRecord(1, NOON, 7,
            ByteBuffer.allocate(512), new KRaftVersionRecord().setKRaftVersion((short) 1)).buffer());

        ByteBuffer several = ByteBuffer.allocate(10_000);
        for (String name : List.of("records-none", "records-lz4", "empty-after-compaction", "control-abort")) {
            several.put(cases.get(name).duplicate());
        }
        cases.put("several", several.flip());
        return cases;
    }

    private static SimpleRecord[] records() {
        return new SimpleRecord[] {
            new SimpleRecord(NOON, bytes("key"), bytes("value"), new Header[] {
                new RecordHeader("plain", bytes("header")),
                new RecordHeader("null", null),
                new RecordHeader("empty", new byte[0]),
                new RecordHeader("", bytes("without a name")),
                new RecordHeader("größe ☃ 🦆", new byte[] {0, 1, -1}),
                new RecordHeader("plain", bytes("again")),
            }),
            new SimpleRecord(NOON - 1000, null, bytes("no key")),
            new SimpleRecord(NOON + 100_000_000L, bytes("no value"), null),
            new SimpleRecord(NOON, new byte[0], new byte[0]),
            new SimpleRecord(0, (byte[]) null, null),
        };
    }

    /** More than a block of any codec; noise for those that keep it as it is. */
    private static SimpleRecord[] large(String codec) {
        byte[] noise = new byte[codec.equals("lz4") || codec.equals("snappy") ? 70_000 : 1_000];
        int state = 1;
        for (int i = 0; i < noise.length; i++) {
            state = state * 1664525 + 1013904223;
            noise[i] = (byte) (state >>> 24);
        }
        SimpleRecord[] records = new SimpleRecord[103];
        Arrays.setAll(records, i -> new SimpleRecord(NOON + i, bytes("key-" + i), bytes(("record " + i + " ").repeat(80))));
        records[100] = new SimpleRecord(NOON, null, bytes("odradek ".repeat(20_000)));
        records[101] = new SimpleRecord(NOON, null, noise);
        records[102] = new SimpleRecord(NOON, bytes("last"), bytes("last"));
        return records;
    }

    private static String describe(Path folder) throws Exception {
        Map<String, Object> files = new TreeMap<>();
        try (var paths = Files.list(folder)) {
            for (Path path : paths.toList()) {
                String name = path.getFileName().toString();
                if (!name.endsWith(".bin")) continue;
                List<Object> batches = new ArrayList<>();
                MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(Files.readAllBytes(path)));
                int read = 0;
                for (MutableRecordBatch batch : records.batches()) {
                    batches.add(describe((DefaultRecordBatch) batch));
                    read += batch.sizeInBytes();
                }
                if (read != Files.size(path)) throw new IOException(name + ": bytes left over");
                files.put(name.substring(0, name.length() - 4), batches);
            }
        }
        return JSON.writeValueAsString(files);
    }

    private static Map<String, Object> describe(DefaultRecordBatch batch) throws Exception {
        batch.ensureValid();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("sizeInBytes", batch.sizeInBytes());
        fields.put("baseOffset", batch.baseOffset());
        fields.put("lastOffset", batch.lastOffset());
        fields.put("partitionLeaderEpoch", batch.partitionLeaderEpoch());
        fields.put("magic", batch.magic());
        fields.put("crc", batch.checksum());
        fields.put("compression", batch.compressionType().name);
        fields.put("timestampType", batch.timestampType().toString());
        fields.put("isTransactional", batch.isTransactional());
        fields.put("isControl", batch.isControlBatch());
        fields.put("deleteHorizonMs", batch.deleteHorizonMs().isPresent() ? batch.deleteHorizonMs().getAsLong() : null);
        fields.put("baseTimestamp", batch.baseTimestamp());
        fields.put("maxTimestamp", batch.maxTimestamp());
        fields.put("producerId", batch.producerId());
        fields.put("producerEpoch", batch.producerEpoch());
        fields.put("baseSequence", batch.baseSequence());
        fields.put("lastSequence", batch.lastSequence());
        fields.put("recordsCount", batch.countOrNull());
        List<Object> records = new ArrayList<>();
        for (Record record : batch) {
            Map<String, Object> described = new LinkedHashMap<>();
            described.put("offset", record.offset());
            described.put("timestamp", record.timestamp());
            described.put("key", text(record.key()));
            described.put("value", text(record.value()));
            List<Object> headers = new ArrayList<>();
            for (Header header : record.headers()) {
                headers.add(Arrays.asList(header.key(), header.value() == null ? null : text(ByteBuffer.wrap(header.value()))));
            }
            described.put("headers", headers);
            records.add(described);
        }
        fields.put("records", records);
        return fields;
    }

    /** Bytes as base64; their SHA-256 when they are many. */
    private static String text(ByteBuffer buffer) throws Exception {
        if (buffer == null) return null;
        byte[] bytes = bytes(buffer);
        if (bytes.length <= 64) return Base64.getEncoder().encodeToString(bytes);
        return "sha256 " + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
