import HTTPCore
import Testing

@Suite struct ConnectionStateTests {
    @Test func `an exchange ends when request and answer are complete, in either order`() {
        for answerFirst in [true, false] {
            var state = ConnectionState()
            #expect(state.bytesArrived() == true)
            #expect(state.phase == .head)
            state.requestStarted(keepAlive: true)
            #expect(state.isReceiving && state.isUnanswered)
            if answerFirst {
                #expect(state.responseStarted(canDiscard: true) == true)
                #expect(state.responseFinished() == .wait)
                #expect(state.requestEnded() == .nextRequest)
            } else {
                #expect(state.requestEnded() == .wait)
                #expect(state.responseStarted(canDiscard: true) == true)
                #expect(state.responseFinished() == .nextRequest)
            }
            #expect(state.phase == .idle)
        }
    }

    /// RFC 9112 §9.6
    @Test func `the last answer closes the output and drops what comes in`() {
        var state = ConnectionState()
        state.requestStarted(keepAlive: false)
        #expect(state.requestEnded() == .wait)
        #expect(state.responseStarted(canDiscard: true) == false)
        #expect(state.responseFinished() == .linger)
        #expect(state.beginLingering() == true)
        #expect(state.beginLingering() == false)
        #expect(state.bytesArrived() == false)
        #expect(state.deadlinePassed() == .close)
    }

    @Test func `an answer before a large body is the last`() {
        var state = ConnectionState()
        state.requestStarted(keepAlive: true)
        #expect(state.responseStarted(canDiscard: false) == false)
        #expect(state.responseFinished() == .linger)
    }

    @Test func `input that fails leaves the answer possible`() {
        var state = ConnectionState()
        state.requestStarted(keepAlive: true)
        #expect(state.inputFailed() == .wait)
        #expect(state.isUnanswered)
        #expect(state.responseStarted(canDiscard: true) == false)
        #expect(state.responseFinished() == .linger)
    }

    @Test func `a shutdown closes an idle connection and lets a request finish`() {
        var idle = ConnectionState()
        #expect(idle.drain() == true)
        var busy = ConnectionState()
        busy.requestStarted(keepAlive: true)
        #expect(busy.drain() == false)
        _ = busy.requestEnded()
        #expect(busy.responseStarted(canDiscard: true) == false)
        #expect(busy.responseFinished() == .linger)
    }

    @Test func `a deadline has a different effect in each phase`() {
        var state = ConnectionState()
        #expect(state.deadlinePassed() == .close)
        _ = state.bytesArrived()
        #expect(state.deadlinePassed() == .answerTimeout)
        state.requestStarted(keepAlive: true)
        #expect(state.deadlinePassed() == .failBody)
        _ = state.inputFailed()
        _ = state.responseStarted(canDiscard: true)
        #expect(state.deadlinePassed() == .close)
    }

    @Test func `a half-closed connection is over when its answer is out`() {
        var state = ConnectionState()
        state.requestStarted(keepAlive: true)
        state.inputEnded()
        #expect(!state.isOver)
        _ = state.requestEnded()
        _ = state.responseStarted(canDiscard: true)
        #expect(state.responseFinished() == .nextRequest)
        #expect(state.isOver)
    }
}
