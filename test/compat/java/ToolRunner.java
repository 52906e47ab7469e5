import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.StringConcatFactory;
import java.lang.reflect.InvocationTargetException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs command-line tools in one JVM, each as if it had a process of its own, because starting a JVM for each costs a
 * second. A client connects on loopback, sends one line of JSON ({@code main}, {@code args}, {@code stdin}) and reads
 * lines of JSON until one that has {@code exit}. While the tool runs the client may send {@code "stop"}, which does
 * what SIGTERM does to a JVM: the tool's shutdown hooks run.
 *
 * <p>Each tool has a thread group. Standard streams, exits and shutdown hooks find their tool by the group of the thread
 * that uses them, so several tools may run at once. A tool that exits is parked for good where it called exit, as the
 * real one never returns either. The runner ends when its own standard input ends.
 */
public final class ToolRunner {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<ThreadGroup, Tool> TOOLS = new ConcurrentHashMap<>();
    private static final PrintStream OWN_OUT = System.out;

    public static void main(String[] args) throws Exception {
        System.setOut(new PrintStream(new Divided(true), true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(new Divided(false), true, StandardCharsets.UTF_8));
        System.setIn(new DividedInput());
        Exit.setExitProcedure((code, message) -> exitCurrent(code));
        Exit.setHaltProcedure((code, message) -> exitCurrent(code));
        Exit.setShutdownHookAdder((name, hook) -> current().hooks.add(hook));
        makeConcatenations();

        ServerSocket server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        OWN_OUT.println(server.getLocalPort());
        OWN_OUT.flush();
        Thread acceptor = new Thread(() -> accept(server), "acceptor");
        acceptor.setDaemon(true);
        acceptor.start();
        InputStream own = DividedInput.OWN;
        while (own.read() >= 0) {
            // Nothing is sent here: the end of the stream says that the starter is gone.
        }
        Runtime.getRuntime().halt(0);
    }

    /**
     * Has the JVM make the classes behind long concatenations of strings while there is one thread. Two
     * tools that need one at the same moment may both define it, and one of them ends with a LinkageError.
     */
    private static void makeConcatenations() throws Exception {
        for (int count = 1; count <= 24; count++) {
            Class<?>[] types = new Class<?>[count];
            for (Class<?> type : List.of(Object.class, String.class, int.class, long.class)) {
                Arrays.fill(types, type);
                MethodType concatenation = MethodType.methodType(String.class, types);
                StringConcatFactory.makeConcatWithConstants(
                        MethodHandles.lookup(), "joined", concatenation, ", \1".repeat(count));
            }
        }
    }

    private static void accept(ServerSocket server) {
        while (true) {
            try {
                Socket socket = server.accept();
                Thread thread = new Thread(() -> serve(socket), "serve");
                thread.setDaemon(true);
                thread.start();
            } catch (IOException e) {
                return;
            }
        }
    }

    private static void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            BufferedReader reader =
                new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            Tool tool = new Tool(JSON.readTree(reader.readLine()), socket.getOutputStream());
            Thread signals = new Thread(() -> awaitStop(reader, tool), "signals");
            signals.setDaemon(true);
            signals.start();
            tool.run();
        } catch (Exception e) {
            OWN_OUT.println("runner: " + e);
        }
    }

    private static void awaitStop(BufferedReader reader, Tool tool) {
        try {
            String line = reader.readLine();
            if (line == null || line.contains("stop")) {
                tool.exit(143);
            }
        } catch (IOException e) {
            // The tool is done and its socket closed.
        }
    }

    private static Tool current() {
        for (ThreadGroup group = Thread.currentThread().getThreadGroup(); group != null; group = group.getParent()) {
            Tool tool = TOOLS.get(group);
            if (tool != null) {
                return tool;
            }
        }
        return null;
    }

    private static void exitCurrent(int code) {
        Tool tool = current();
        if (tool != null) {
            tool.exit(code);
        }
        while (true) {
            Thread.interrupted(); // who is interrupted is not parked
            LockSupport.park();
        }
    }

    /** One run of one tool. */
    private static final class Tool {
        final List<Runnable> hooks = new ArrayList<>();
        final InputStream stdin;
        private final ThreadGroup group = new ThreadGroup("tool");
        private final String main;
        private final String[] args;
        private final OutputStream replies;
        private final CountDownLatch ended = new CountDownLatch(1);
        private boolean exiting;

        Tool(JsonNode request, OutputStream replies) {
            this.replies = replies;
            this.main = request.get("main").asText();
            List<String> list = new ArrayList<>();
            request.get("args").forEach(arg -> list.add(arg.asText()));
            this.args = list.toArray(new String[0]);
            String text = request.has("stdin") ? request.get("stdin").asText() : "";
            this.stdin = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
        }

        void run() throws InterruptedException {
            TOOLS.put(group, this);
            start("main", this::callMain);
            ended.await();
        }

        private Thread start(String name, Runnable work) {
            Thread thread = new Thread(group, work, name);
            thread.setDaemon(false);
            thread.start();
            return thread;
        }

        private void callMain() {
            int code = 0;
            try {
                OwnTools tools = new OwnTools();
                Thread.currentThread().setContextClassLoader(tools);
                tools.loadClass(main).getMethod("main", String[].class).invoke(null, (Object) args);
                awaitOtherThreads();
            } catch (InvocationTargetException e) {
                System.err.print("Exception in thread \"main\" ");
                e.getCause().printStackTrace();
                code = 1;
            } catch (ReflectiveOperationException | InterruptedException e) {
                e.printStackTrace();
                code = 1;
            }
            exit(code);
        }

        /** A JVM lives on until its last thread that is not a daemon has ended. */
        private void awaitOtherThreads() throws InterruptedException {
            while (true) {
                Thread[] threads = new Thread[group.activeCount() + 16];
                int count = group.enumerate(threads);
                Thread other = null;
                for (int i = 0; i < count; i++) {
                    if (threads[i] != Thread.currentThread() && !threads[i].isDaemon()) {
                        other = threads[i];
                    }
                }
                if (other == null) {
                    return;
                }
                other.join(50);
            }
        }

        void exit(int code) {
            synchronized (this) {
                if (exiting) {
                    return;
                }
                exiting = true;
            }
            List<Thread> running = new ArrayList<>();
            for (Runnable hook : List.copyOf(hooks)) {
                running.add(start("hook", hook));
            }
            try {
                for (Thread thread : running) {
                    thread.join(TimeUnit.SECONDS.toMillis(30));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            System.out.flush();
            System.err.flush();
            ObjectNode reply = JsonNodeFactory.instance.objectNode();
            reply.put("exit", code);
            send(reply);
            TOOLS.remove(group);
            ended.countDown();
            stopOthers();
        }

        /**
         * A client that the tool left open would go on in its threads, and for ever look for a broker that has gone.
         * Nothing of it can be reached but the threads; in a process of its own they would end as abruptly.
         */
        @SuppressWarnings({"deprecation", "removal"})
        private void stopOthers() {
            Thread[] threads = new Thread[group.activeCount() + 16];
            int count = group.enumerate(threads);
            try {
                for (int i = 0; i < count; i++) {
                    // Once may not be enough: the death of a thread can be caught like any error.
                    for (int left = 50; left > 0 && threads[i].isDaemon() && threads[i].isAlive(); left--) {
                        threads[i].stop();
                        threads[i].join(20);
                    }
                }
            } catch (UnsupportedOperationException e) {
                // Java 20 and later: they go on.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        synchronized void print(boolean toOut, byte[] bytes, int offset, int length) {
            ObjectNode reply = JsonNodeFactory.instance.objectNode();
            // One byte to one char: a write may end in the middle of a character.
            reply.put(toOut ? "stdout" : "stderr", new String(bytes, offset, length, StandardCharsets.ISO_8859_1));
            send(reply);
        }

        private synchronized void send(ObjectNode reply) {
            try {
                replies.write((JSON.writeValueAsString(reply) + "\n").getBytes(StandardCharsets.UTF_8));
                replies.flush();
            } catch (IOException e) {
                // The client has gone; the tool ends through awaitStop.
            }
        }
    }

    /**
     * Loads the tools' own classes anew for each run, as some count in static fields; the clients' classes below them
     * are shared, warm and large.
     */
    private static final class OwnTools extends ClassLoader {
        OwnTools() {
            super(ToolRunner.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("org.apache.kafka.tools.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                return loaded != null ? loaded : findClass(name);
            }
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }

    /** Standard output or standard error of whichever tool writes. */
    private static final class Divided extends OutputStream {
        private final boolean toOut;

        Divided(boolean toOut) {
            this.toOut = toOut;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            Tool tool = current();
            if (tool != null) {
                tool.print(toOut, bytes, offset, length);
            }
        }
    }

    /** Standard input of whichever tool reads. */
    private static final class DividedInput extends InputStream {
        static final InputStream OWN = System.in;

        @Override
        public int read() throws IOException {
            Tool tool = current();
            return tool == null ? -1 : tool.stdin.read();
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            Tool tool = current();
            return tool == null ? -1 : tool.stdin.read(bytes, offset, length);
        }

        @Override
        public int available() throws IOException {
            Tool tool = current();
            return tool == null ? 0 : tool.stdin.available();
        }
    }
}
