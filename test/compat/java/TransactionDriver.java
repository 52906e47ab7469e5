import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Does with Java's clients what a test says, command by command: a line of JSON comes on standard input ({@code id},
 * {@code what}, and what the command needs), a line of JSON goes out ({@code id} with {@code result} or {@code error}).
 * Commands of a name (a producer or a reader) are done one after the other. The first argument is where the brokers are.
 */
public final class TransactionDriver {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration MOMENT = Duration.ofMillis(50);
    private static String bootstrapServers;
    private static final Map<String, KafkaProducer<String, String>> PRODUCERS = new ConcurrentHashMap<>();
    private static final Map<String, Reader> READERS = new ConcurrentHashMap<>();
    private static final Map<String, ExecutorService> TURNS = new ConcurrentHashMap<>();

    public static void main(String[] args) throws Exception {
        bootstrapServers = args[0];
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode command = JSON.readTree(line);
            String name = command.path("name").asText();
            TURNS.computeIfAbsent(name, key -> Executors.newSingleThreadExecutor()).submit(() -> answer(command));
        }
        Runtime.getRuntime().halt(0);
    }

    private static void answer(JsonNode command) {
        ObjectNode reply = JSON.createObjectNode();
        reply.set("id", command.get("id"));
        try {
            reply.set("result", JSON.valueToTree(execute(command)));
        } catch (Throwable e) {
            reply.put("error", nameOf(e)).put("message", String.valueOf(e));
        }
        synchronized (System.out) {
            System.out.println(reply);
            System.out.flush();
        }
    }

    /** The class that tells most: of a KafkaException that only wraps another, the other. */
    private static String nameOf(Throwable e) {
        boolean wraps = e instanceof ExecutionException || e.getClass() == KafkaException.class;
        return wraps && e.getCause() != null ? nameOf(e.getCause()) : e.getClass().getSimpleName();
    }

    private static Object execute(JsonNode command) throws Exception {
        String name = command.path("name").asText();
        switch (command.get("what").asText()) {
            case "open":
                KafkaProducer<String, String> opened = new KafkaProducer<>(producerSettings(command));
                PRODUCERS.put(name, opened);
                opened.initTransactions();
                return null;
            case "begin":
                producer(name).beginTransaction();
                return null;
            case "send":
                send(producer(name), command);
                return null;
            case "transform":
                return transform(producer(name), command);
            case "commit":
                producer(name).commitTransaction();
                return null;
            case "abort":
                producer(name).abortTransaction();
                return null;
            case "close":
                PRODUCERS.remove(name).close(Duration.ZERO);
                return null;
            case "follow":
                READERS.put(name, new Reader(command));
                return null;
            case "seen":
                return READERS.get(name).seen();
            case "unfollow":
                READERS.remove(name).close();
                return null;
            case "end":
                return end(command);
            case "committed":
                return committed(command);
            default:
                throw new IllegalArgumentException(command.get("what").asText());
        }
    }

    private static KafkaProducer<String, String> producer(String name) {
        return PRODUCERS.get(name);
    }

    private static Map<String, Object> producerSettings(JsonNode command) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrapServers);
        settings.put("key.serializer", StringSerializer.class);
        settings.put("value.serializer", StringSerializer.class);
        settings.put("transactional.id", command.get("transactionalId").asText());
        settings.put("transaction.timeout.ms", command.path("timeoutMs").asInt(60_000));
        settings.put("compression.type", command.path("compression").asText("none"));
        settings.put("linger.ms", 20);
        return settings;
    }

    private static Map<String, Object> consumerSettings(String groupId, String isolation) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrapServers);
        settings.put("key.deserializer", StringDeserializer.class);
        settings.put("value.deserializer", StringDeserializer.class);
        settings.put("isolation.level", isolation);
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", false);
        settings.put("fetch.max.wait.ms", 100);
        if (groupId != null) {
            settings.put("group.id", groupId);
        }
        return settings;
    }

    private static void send(KafkaProducer<String, String> producer, JsonNode command) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (JsonNode partition : command.get("partitions")) {
            for (JsonNode value : command.get("values")) {
                sent.add(producer.send(new ProducerRecord<>(
                    command.get("topic").asText(), partition.asInt(), null, value.asText())));
            }
        }
        producer.flush();
        for (Future<RecordMetadata> each : sent) {
            each.get();
        }
    }

    /** One transaction of a member that goes on where its group has committed. */
    private static Object transform(KafkaProducer<String, String> producer, JsonNode command) throws Exception {
        String input = command.get("input").asText();
        int count = command.get("count").asInt();
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(consumerSettings(command.get("groupId").asText(), "read_committed"))) {
            consumer.subscribe(List.of(input));
            List<ConsumerRecord<String, String>> records = new ArrayList<>();
            while (records.size() < count) {
                consumer.poll(MOMENT).forEach(records::add);
            }
            List<ConsumerRecord<String, String>> some = records.subList(0, count);
            producer.beginTransaction();
            for (ConsumerRecord<String, String> each : some) {
                producer.send(new ProducerRecord<>(command.get("output").asText(), 0, null, each.value()));
            }
            OffsetAndMetadata next = new OffsetAndMetadata(some.get(count - 1).offset() + 1);
            producer.sendOffsetsToTransaction(Map.of(new TopicPartition(input, 0), next), consumer.groupMetadata());
            switch (command.get("outcome").asText()) {
                case "commit":
                    producer.commitTransaction();
                    break;
                case "abort":
                    producer.abortTransaction();
                    break;
                default:
                    producer.flush();
                    break;
            }
            return some.stream().map(ConsumerRecord::value).collect(Collectors.toList());
        }
    }

    private static long end(JsonNode command) {
        TopicPartition partition = new TopicPartition(command.get("topic").asText(), 0);
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(consumerSettings(null, command.get("isolation").asText()))) {
            return consumer.endOffsets(Set.of(partition)).get(partition);
        }
    }

    private static Long committed(JsonNode command) {
        TopicPartition partition = new TopicPartition(command.get("topic").asText(), 0);
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(consumerSettings(command.get("groupId").asText(), "read_committed"))) {
            Duration patience = Duration.ofMillis(command.get("patienceMs").asLong());
            OffsetAndMetadata offset = consumer.committed(Set.of(partition), patience).get(partition);
            return offset == null ? null : offset.offset();
        }
    }

    /** Reads a topic from its beginning for as long as it is wanted. */
    private static final class Reader {
        private final Map<Integer, List<String>> values = new TreeMap<>();
        private final KafkaConsumer<String, String> consumer;
        private final Thread thread = new Thread(this::read, "reader");
        private volatile boolean isOver;

        Reader(JsonNode command) {
            consumer = new KafkaConsumer<>(consumerSettings(null, command.get("isolation").asText()));
            String topic = command.get("topic").asText();
            List<TopicPartition> partitions = IntStream.range(0, command.get("partitionCount").asInt())
                .mapToObj(index -> new TopicPartition(topic, index))
                .collect(Collectors.toList());
            consumer.assign(partitions);
            consumer.seekToBeginning(Collections.emptySet());
            thread.start();
        }

        private void read() {
            try (consumer) {
                while (!isOver) {
                    for (ConsumerRecord<String, String> each : consumer.poll(MOMENT)) {
                        synchronized (values) {
                            values.computeIfAbsent(each.partition(), key -> new ArrayList<>()).add(brief(each.value()));
                        }
                    }
                }
            }
        }

        Map<Integer, List<String>> seen() {
            synchronized (values) {
                return new TreeMap<>(values);
            }
        }

        void close() throws InterruptedException {
            isOver = true;
            thread.join();
        }
    }

    /** Of a long value its first word and its length. */
    private static String brief(String value) {
        return value.length() <= 40 ? value : value.substring(0, value.indexOf(' ')) + "~" + value.length();
    }
}
