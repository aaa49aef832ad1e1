// Seconds of runs of hubert.onnx or vocoder.onnx in ONNX Runtime, one a line.
//
//     node peer_onnx.js MODULES DIR hubert|vocoder THREADS REPEAT wall|cpu
//
// MODULES is the node_modules folder with onnxruntime-node, DIR what peer_models.py export wrote. "cpu": time of all threads on
// CPUs, divided by their number.
const path = require('path');

function seconds(clock, threads) {
	if (clock === 'wall')
		return Number(process.hrtime.bigint()) / 1e9;
	const {user, system} = process.cpuUsage();
	return (user + system) / 1e6 / threads;
}

async function main([modules, dir, stage, threads, repeat, clock]) {
	const ort = require(path.resolve(modules, 'onnxruntime-node'));
	const session = await ort.InferenceSession.create(path.join(dir, stage + '.onnx'), {
		intraOpNumThreads: Number(threads), interOpNumThreads: 1, graphOptimizationLevel: 'all'});
	let input;
	if (stage === 'hubert')
		input = new ort.Tensor('float32', Float32Array.from({length: 320000}, () => 0.2 * Math.random() - 0.1),
			[1, 320000]);
	else
		input = new ort.Tensor('int64', BigInt64Array.from({length: 500}, (_, i) => BigInt(i * 7919 % 1000)), [1, 500]);
	for (let i = 0; i <= Number(repeat); i++) {
		const start = seconds(clock, threads);
		await session.run({in: input});
		if (i > 0) // the first warms up
			console.log(seconds(clock, threads) - start);
	}
}

if (process.argv.length !== 8) {
	console.error('usage: node peer_onnx.js MODULES DIR hubert|vocoder THREADS REPEAT wall|cpu');
	process.exit(2);
}
main(process.argv.slice(2)).catch((e) => {
	console.error(String(e));
	process.exit(1);
});
